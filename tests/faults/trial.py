"""One input: given to the command line in this process, and judged by what it did."""

import io
import os
import re
import shlex
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from attnprof.cli._main import main
from attnprof.errors import CELLS_FAILED, CRASHED, ENVIRONMENT, INTERRUPTED, NOT_MET, USAGE
from tests.faults.arena import Arena, Content, Snapshot, changed

DOCUMENTED = (0, NOT_MET, USAGE, CELLS_FAILED, ENVIRONMENT, INTERRUPTED)
REFUSED = (USAGE, ENVIRONMENT)
SECONDS = 20  # of computing, after which an input is given up
READERS = ("check", "cite", "completion", "diff", "explain", "list", "pick", "show")  # they write no file
EXAMINES = "doctor"  # prints its findings, those that forbid a run as well
SUMMARY = "here/summary.md"  # of a workflow's step
STYLE = re.compile(r"\x1b\[[0-9;]*m")
LOST_LINE = re.compile(r"^.+:\d+: .+; this line is lost\n", re.MULTILINE)  # a note on a damaged journal
SEVERAL = re.compile(r"\d+ problems, nothing was measured\.")


@dataclass(frozen=True)
class Input:
    """What one command line meets."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Content] = field(default_factory=dict)  # below the working directory
    stdin: bytes = b""
    encoding: str = "utf-8"  # of stdout and stderr
    is_terminal: bool = False

    @property
    def shell(self) -> str:
        """The line for a shell that does the same in the same folder."""
        variables = {
            **self.variables,
            **({"PYTHONIOENCODING": self.encoding} if self.encoding != "utf-8" else {}),
        }
        settings = [f"{name}={_quoted(value)}" for name, value in variables.items()]
        line = " ".join([*settings, "attnprof", *map(_quoted, self.arguments)])
        return line + (" < stdin" if self.stdin else "") + ("  # on a terminal" if self.is_terminal else "")


@dataclass(frozen=True)
class Outcome:
    """What the command did."""

    code: int | None  # None where main did not return
    out: str
    err: str
    crash: str = ""  # 'ValueError at units.py:88', where it ended in an exception
    changes: frozenset[str] = frozenset()  # files that are new, gone or different
    writes_elsewhere: tuple[str, ...] = ()


class Overdue(BaseException):
    """The input takes too long."""


def run(arena: Arena, tested: Input) -> Outcome:
    """Give ``tested`` to the command line, in ``arena``, and put everything back."""
    arena.lay(tested.files)
    arena.writes_elsewhere.clear()
    before = arena.snapshot()
    out, err = _stream(tested, "strict"), _stream(tested, "backslashreplace")
    code, crash = None, ""
    with _surroundings(arena, tested, out, err), arena.guarded(), _deadline():
        try:
            code = main(list(tested.arguments))
        except (Exception, SystemExit, Overdue) as problem:  # noqa: BLE001 # the fault that is looked for
            crash = _place(problem)
    outcome = Outcome(
        code,
        _text(out),
        _text(err),
        crash,
        _changes(before, arena.snapshot()),
        tuple(arena.writes_elsewhere),
    )
    arena.restore()
    return outcome


def judged(arena: Arena, tested: Input) -> tuple[Outcome, list[str]]:
    """What ``run`` says, and what is wrong with it. Where the command crashed, it crashes once more to say where."""
    outcome = run(arena, tested)
    if outcome.code == CRASHED:
        debugged = replace(tested, variables={**tested.variables, "ATTNPROF_DEBUG": "1"})
        return outcome, [f"exit code {CRASHED}: {_last_place(run(arena, debugged).err)}"]
    return outcome, faults(tested, outcome)


def _changes(before: Snapshot, after: Snapshot) -> frozenset[str]:
    """Names of the files that are not as they were. A lock that is gone belonged to nobody."""
    names = changed(before, after)
    return frozenset(name for name in names if name in after or not name.endswith("/.lock"))


def faults(tested: Input, outcome: Outcome) -> list[str]:
    """What is wrong with the outcome, a few words each: the same words for the same fault of the program."""
    if outcome.crash:
        return [f"traceback: {outcome.crash}"]
    wrong = []
    if outcome.code not in DOCUMENTED:
        wrong.append(f"exit code {outcome.code}: {_last_place(outcome.err)}")
    if "Traceback (most recent call last)" in outcome.err + outcome.out:
        wrong.append(f"traceback printed: {_last_place(outcome.err)}")
    wrong += [
        f"a warning of Python's: {place}" for place in re.findall(r"(\w+\.py:\d+: \w+Warning)", outcome.err)
    ]
    if outcome.writes_elsewhere and not any(map(_names_elsewhere, tested.arguments)):
        wrong.append(f"writes outside of the folder: {_command(tested)}")
    return wrong + _faults_of_text(tested, outcome) + _faults_of_files(tested, outcome)


def _faults_of_text(tested: Input, outcome: Outcome) -> list[str]:
    wrong = []
    command = _command(tested)
    shown = STYLE.sub("", outcome.out) if tested.is_terminal else outcome.out
    if "\x1b" in shown + outcome.err:
        wrong.append(f"an escape sequence is printed: {command}")
    if outcome.code in REFUSED and command != EXAMINES:
        if outcome.out:
            wrong.append(f"a refusal prints on stdout: {command}")
        if not _is_short(LOST_LINE.sub("", outcome.err), has_notes=outcome.code == ENVIRONMENT):
            wrong.append(f"a refusal of {outcome.err.count(chr(10))} lines: {command}")
    return wrong


def _is_short(err: str, has_notes: bool) -> bool:
    """One line; or a line for each of several mistakes, and how many they are.

    has_notes: a run that had begun may have said how far it came.
    """
    *lines, last = err.removesuffix("\n").split("\n")
    if SEVERAL.fullmatch(last):
        return int(last.split()[0]) == len(lines)
    notes = [] if has_notes else lines
    return re.match("error: .", last) is not None and not notes


def _faults_of_files(tested: Input, outcome: Outcome) -> list[str]:
    command = _command(tested)
    is_reader = command in READERS or (command == "table" and not {"-o", "--output"} & set(tested.arguments))
    changes = outcome.changes - {SUMMARY}
    if changes and outcome.code in REFUSED:
        return [f"a refusal changes files: {command}"]
    if changes and is_reader and not any(each.startswith(("-o", "--o")) for each in tested.arguments):
        return [f"a command that only reads changes files: {command}"]
    return []


def _names_elsewhere(argument: str) -> bool:
    """Whether a user who writes this wants a file that is not below the working directory."""
    return ".." in argument or argument.rpartition("=")[2].startswith("/") or argument.startswith("-o/")


def _command(tested: Input) -> str:
    return next((each for each in tested.arguments if not each.startswith("-")), "")


def _place(problem: BaseException) -> str:
    """The exception's type and the line of attnprof where it came from."""
    frames = traceback.extract_tb(problem.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}attnprof{os.sep}" in frame.filename] or list(frames)
    last = ours[-1]
    where = last.filename.rpartition(f"{os.sep}attnprof{os.sep}")[2]
    return f"{type(problem).__name__} at {where}:{last.lineno} in {last.name}"


def _last_place(err: str) -> str:
    """The last line of attnprof in a traceback that was printed, and the exception; else the last line printed."""
    places = re.findall(r'attnprof/([\w/]+\.py)", line (\d+)', err)
    crash = re.search(r"attnprof crashed: (\w+)", err)
    if not places:
        return err.strip().rpartition("\n")[2][:80]
    return f"{crash[1] if crash else 'an exception'} at {':'.join(places[-1])}"


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def _stream(tested: Input, errors: str) -> io.TextIOWrapper:
    kind = _Terminal if tested.is_terminal and errors == "strict" else io.TextIOWrapper
    return kind(io.BytesIO(), encoding=tested.encoding, errors=errors, newline="\n")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.detach()
    return buffer.getvalue().decode("utf-8", errors="replace")


@contextmanager
def _surroundings(
    arena: Arena, tested: Input, out: io.TextIOWrapper, err: io.TextIOWrapper
) -> Iterator[None]:
    """The streams, variables and working directory of the input; afterwards those from before."""
    streams, variables, folder = (sys.stdin, sys.stdout, sys.stderr), dict(os.environ), Path.cwd()
    os.chdir(arena.here)
    os.environ.update(tested.variables)
    sys.stdin = io.TextIOWrapper(io.BytesIO(tested.stdin), encoding="utf-8")
    sys.stdout, sys.stderr = out, err
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
                warnings.simplefilter("ignore", category)  # as Python's own filters do
            yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(folder)


@contextmanager
def _deadline() -> Iterator[None]:
    def interrupt(number: int, frame: object) -> None:
        raise Overdue

    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _quoted(text: str) -> str:
    raw = os.fsencode(text)
    if all(32 <= byte < 127 for byte in raw):
        return shlex.quote(text)
    return "$'" + "".join(chr(b) if 32 <= b < 127 and b not in b"'\\" else f"\\x{b:02x}" for b in raw) + "'"
