"""What a command ends with when it cannot do its work: one line on stderr, and an exit code."""

import os
import sys
from contextlib import redirect_stderr, suppress
from io import StringIO

import click

from attnprof.cli._streams import say
from attnprof.errors import CRASHED, ENVIRONMENT, USAGE, AttnprofError, SpecError

CRASH = (
    "attnprof crashed: {}. Please report this line with 'attnprof --version', the command, and the traceback"
    " that ATTNPROF_DEBUG=1 shows"
)


def report(problem: Exception) -> int:
    """Print a problem on stderr; its exit code. ATTNPROF_DEBUG=1 adds its traceback."""
    lines, code = _outcome(problem)
    if os.environ.get("ATTNPROF_DEBUG", "") not in ("", "0"):
        lines = [*_traceback(problem), *lines]
    with suppress(BrokenPipeError):  # whoever reads it has enough
        for line in lines:
            say(line)
    return code


def _outcome(problem: Exception) -> tuple[list[str], int]:
    """What is printed of a problem, and its exit code."""
    if isinstance(problem, click.ClickException):
        text = problem.format_message()
        return [f"error: {text[:1].lower()}{text[1:]}"], USAGE
    if isinstance(problem, SpecError) and len(problem.lines) > 1:
        return [*problem.lines, f"{len(problem.lines)} problems, nothing was measured."], problem.exit_code
    if isinstance(problem, AttnprofError):
        return [f"error: {problem}"], problem.exit_code
    refusal = _refusal(problem)
    if refusal:
        return [f"error: {refusal}"], ENVIRONMENT
    return [f"error: {CRASH.format(f'{type(problem).__name__}: {problem}'.rstrip(': '))}"], CRASHED


def _traceback(problem: Exception) -> list[str]:
    """The lines that Python prints of what nobody catches."""
    with redirect_stderr(StringIO()) as printed:
        sys.__excepthook__(type(problem), problem, problem.__traceback__)
    return printed.getvalue().rstrip().split("\n")


def _refusal(problem: Exception) -> str:
    """What the machine refused, in words; empty where the mistake is our own."""
    if isinstance(problem, MemoryError):
        return "not enough memory"
    if isinstance(problem, OSError):
        reason = (problem.strerror or str(problem)).lower()
        return f"{reason}: {problem.filename}" if problem.filename else reason
    if isinstance(problem, ImportError):
        return _refused_import(problem)
    if "can't start new thread" in str(problem):
        return f"{problem}: not enough memory, or too many processes"
    return ""


def _refused_import(problem: ImportError) -> str:
    """What a package of others lacks; empty where one of our own files does."""
    package = problem.name or ""
    if package.startswith("attnprof"):
        return ""
    return (f"cannot import {package}: " if package else "") + _last_line(_cause(problem))


def _cause(problem: BaseException) -> BaseException:
    """What it began with."""
    while problem.__cause__ is not None:
        problem = problem.__cause__
    return problem


def _last_line(problem: BaseException) -> str:
    lines = str(problem).strip().splitlines()
    return lines[-1] if lines else type(problem).__name__
