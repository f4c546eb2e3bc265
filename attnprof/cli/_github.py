"""GitHub Actions: annotations at a file's line, and the step's summary."""

import os
from collections.abc import Mapping
from pathlib import Path

from attnprof.cli._streams import say
from attnprof.errors import EnvironmentProblem


def in_actions(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is a step of a workflow."""
    return environ.get("GITHUB_ACTIONS") == "true"


def annotate(title: str, message: str, file: str = "", line: int | None = None) -> None:
    """An error at ``file:line``, on stderr, which the runner reads as it reads stdout."""
    properties = {"file": file, "line": str(line) if line else "", "title": title}
    written = ",".join(f"{name}={_escaped(text, ':,')}" for name, text in properties.items() if text)
    say(f"::error {written}::{_escaped(message)}")


def summarise(markdown: str, environ: Mapping[str, str] = os.environ) -> None:
    """Append ``markdown`` to the step's summary, where there is one. Raises EnvironmentProblem."""
    path = environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write(markdown + "\n")
    except OSError as problem:
        raise EnvironmentProblem(
            f"cannot write the step summary {path}: {(problem.strerror or '').lower()}"
        ) from None


def _escaped(text: str, more: str = "") -> str:
    # '%' first: it is what the others are written with.
    for letter in "%\r\n" + more:
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text
