"""Users' modules imported by a child process: this one learns what they are and runs none of their code."""

import json
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, Any

from attnprof.catalogue import child
from attnprof.catalogue.description import Description, from_json
from attnprof.catalogue.fresh_python import fresh_python
from attnprof.catalogue.user_location import location_of
from attnprof.errors import CannotImportError, EnvironmentProblem, UsageError
from attnprof.system.processes import apart, kill_group, signal_name

SECONDS = 60.0  # until a child that imports is stopped; torch from a cold disk takes a third of it
MOST_BYTES = 2**20  # that are read of its answers
COMMAND = fresh_python("from attnprof.catalogue.child import main; main(float(sys.argv[1]))")
Answer = Description | UsageError


def answers_about(names: Sequence[str]) -> dict[str, Answer]:
    """Name -> what the module at that location says of itself, or why it does not, in one line.

    One child imports them in turn; the one that ends it, or hangs, is answered for, and another child goes on
    behind it. Raises EnvironmentProblem where no child can be started.
    """
    answers: dict[str, Answer] = {}
    while waiting := [name for name in names if name not in answers]:
        with tempfile.TemporaryFile() as file:
            ending = _import(waiting, file)
            file.seek(0)
            answers |= _answers_in(file.read(MOST_BYTES), waiting)
        if culprit := next((name for name in waiting if name not in answers), None):
            module = location_of(culprit).where
            answers[culprit] = CannotImportError(
                f"{culprit}: importing {module} {ending}; see how: {_by_hand(module)}"
            )
    return answers


def _import(names: Sequence[str], file: IO[bytes]) -> str:
    """Have a child import ``names`` and write its answers to ``file``; how it ended, in words."""
    try:
        process = subprocess.Popen(
            (*COMMAND, str(2 * SECONDS)),
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.DEVNULL,
            **apart(),
        )
    except OSError as problem:
        raise EnvironmentProblem(f"cannot start Python to import {names[0]}: {problem.strerror}") from None
    try:
        return _ending(process, names)
    finally:
        _end(process)


def _ending(process: "subprocess.Popen[bytes]", names: Sequence[str]) -> str:
    try:
        process.communicate(json.dumps(names).encode(), timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"takes more than {SECONDS:.0f} s"
    code = process.returncode
    if code == child.CLOSED:
        return "closes files that it has not opened"
    return f"ends Python with exit code {code}" if code >= 0 else f"ends Python by {signal_name(-code)}"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the child and what it has started."""
    kill_group(process)
    process.wait()


def _answers_in(text: bytes, names: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """What the lines of a child say of ``names``. Anything else was written by a module itself."""
    for line in text.splitlines():
        with suppress(ValueError, TypeError, LookupError, RecursionError):
            answer: Any = json.loads(line)
            if answer["name"] in names:
                yield answer["name"], _answer_in(answer)


def _answer_in(answer: Any) -> Answer:
    if "problem" in answer:
        kind = CannotImportError if answer["is_of_import"] else UsageError
        return kind(" ".join(str(answer["problem"]).split()))
    return from_json(answer["description"])


def _by_hand(module: str) -> str:
    """A command that imports the module, with nothing hidden."""
    return f"python {shlex.quote(module)}" if module.endswith(".py") else f'python -c "import {module}"'
