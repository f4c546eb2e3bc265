"""What is wrong with a run folder, and a copy of it in which what can be mended is mended.

The folder itself is never written.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from attnprof.errors import EnvironmentProblem, RunFolderError, SpecError
from attnprof.records.codec import json_object
from attnprof.records.environment import SPEC_TEXT, Environment, NewerSchema, checked
from attnprof.records.files import PART, write
from attnprof.records.journal import (
    ENVIRONMENT,
    EVENTS,
    RESULTS,
    SPEC,
    Damage,
    environment_in,
    lines_in,
    require_spec,
)
from attnprof.records.record import Event, VisitEvent, fold
from attnprof.spec.file import recorded

LEFT_OUT = "left out; --resume measures what it held"
NOT_THERE = "left out; --resume writes it"
NEWLINE = "\n"
FILES = (SPEC, ENVIRONMENT, EVENTS)  # without one of them there is no run


@dataclass(frozen=True)
class Defect:
    """Something that is wrong with a run folder."""

    place: str  # the file, and the line in it
    problem: str
    mending: str  # what the mended copy has instead


@dataclass(frozen=True)
class Checkup:
    """A run folder, read as far as it can be."""

    folder: Path
    defects: Sequence[Defect]
    spec: str  # the text of the mended spec.toml
    environment: Environment  # the mended one
    lines: Sequence[bytes]  # those of the journal that are records
    events: Sequence[Event]  # the same, read


def check_up(folder: Path) -> Checkup:
    """Read a run folder and say what is wrong with it.

    Raises RunFolderError where there is no run, and where a newer version wrote it.
    """
    if not any(os.path.lexists(folder / name) for name in FILES):
        raise RunFolderError(f"{folder} holds no run: there is none of {', '.join(FILES)}")
    defects = list(_strays(folder))
    lines, events, damages = _journal(folder)
    environment, problems = _environment(folder, events)
    spec, changes = _spec(folder, environment)
    defects += [*problems, *changes, *damages, *_table(folder, events)]
    return Checkup(folder, defects, spec, {**environment, SPEC_TEXT: spec}, lines, events)


def mend(checkup: Checkup) -> Path:
    """Write the mended copy beside the folder, and return its path: spec, environment and records.

    Raises RunFolderError where something has its name, EnvironmentProblem where it cannot be written.
    """
    copy = checkup.folder.resolve().with_name(f"{checkup.folder.resolve().name}-repaired")
    if os.path.lexists(copy):
        raise RunFolderError(f"{copy} is there already: remove or rename it, and try again")
    environment = json.dumps(checkup.environment, indent=1, ensure_ascii=False)
    try:
        copy.mkdir()
        write(copy / SPEC, checkup.spec)
        write(copy / ENVIRONMENT, f"{environment}\n")
        write(copy / EVENTS, b"".join(checkup.lines))
    except OSError as problem:
        raise EnvironmentProblem(
            f"cannot write {copy}: {(problem.strerror or str(problem)).lower()}"
        ) from None
    return copy


def _strays(folder: Path) -> Iterator[Defect]:
    """What a stranger, or a run that was killed, left in the folder."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            yield Defect(path.name, "a symbolic link, which is not followed", "left out")
        elif path.name.startswith(".") and path.suffix == PART:
            yield Defect(path.name, "a file that was being written when the run was killed", "left out")


def _journal(folder: Path) -> tuple[list[bytes], list[Event], list[Defect]]:
    """The lines that are records, their events, and what is wrong with the others."""
    lines: list[bytes] = []
    events: list[Event] = []
    defects: list[Defect] = []
    try:
        for number, line, outcome in lines_in(folder):
            if isinstance(outcome, Damage):
                defects.append(Defect(f"{EVENTS}:{number}", outcome.problem, LEFT_OUT))
            else:
                lines.append(line)
                events.append(outcome)
    except RunFolderError as problem:
        return [], [], [Defect(EVENTS, _bare(problem, folder), "empty; --resume measures every cell")]
    return lines, events, [*defects, *_torn(folder / EVENTS)]


def _torn(path: Path) -> Iterator[Defect]:
    *lines, rest = path.read_bytes().split(b"\n")
    if rest:
        yield Defect(f"{EVENTS}:{len(lines) + 1}", "cut off", LEFT_OUT)


def _environment(folder: Path, events: Sequence[Event]) -> tuple[Environment, list[Defect]]:
    """The environment, as much of it as can be read, and what is wrong with it. Raises RunFolderError."""
    try:
        return environment_in(folder), []
    except RunFolderError as problem:
        rest = _rest_of_environment(folder)
        case = next((event.case for event in events if not isinstance(event, VisitEvent)), None)
        if case is not None:
            rest = {"device": case.device, "threads": case.threads, **rest}
        mending = f"{len(rest)} of its fields" if rest else "empty"
        return rest, [Defect(ENVIRONMENT, _bare(problem, folder), mending)]


def _rest_of_environment(folder: Path) -> Environment:
    """The fields of a damaged environment.json that are whole. Raises RunFolderError for a newer schema."""
    path = folder / ENVIRONMENT
    if path.is_symlink() or not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for count in range(len(lines), 0, -1):
        with suppress(ValueError):
            closed = "\n".join(lines[:count]).rstrip().rstrip(",")
            fields = json_object(closed if count == len(lines) and closed.endswith("}") else f"{closed}\n}}")
            return {name: value for name, value in fields.items() if _is_whole(folder, name, value)}
    return {}


def _is_whole(folder: Path, name: str, value: object) -> bool:
    try:
        checked({name: value})
    except NewerSchema as problem:
        raise RunFolderError(f"{folder}: {problem}") from None
    except ValueError:
        return False
    return True


def _spec(folder: Path, environment: Environment) -> tuple[str, list[Defect]]:
    """The text of the spec, restored where the environment has it, and what is wrong with the file."""
    path = folder / SPEC
    try:
        require_spec(folder, environment)
        recorded(path)
    except (RunFolderError, SpecError) as problem:
        what = _bare(problem, folder)
    else:
        return path.read_bytes().decode(), []
    if text := _whole_spec([environment.get(SPEC_TEXT, "")]):
        return text, [Defect(SPEC, what, f"as {ENVIRONMENT} has it")]
    text = _whole_spec(_beginnings(path))
    return text, [Defect(SPEC, what, f"its first {text.count(NEWLINE)} lines; defaults for the rest")]


def _whole_spec(texts: Iterable[str]) -> str:
    """The first of ``texts`` that is a spec; an empty one where none is."""
    with TemporaryDirectory() as name:
        trial = Path(name) / SPEC
        for text in texts:
            with suppress(SpecError):
                write(trial, text)
                recorded(trial)
                return trial.read_bytes().decode()
    return ""


def _beginnings(path: Path) -> Iterator[str]:
    """A text without its last lines, the longest first."""
    if path.is_symlink() or not path.is_file():
        return
    lines = path.read_bytes().decode(errors="replace").splitlines(keepends=True)
    for count in range(len(lines), 0, -1):
        yield "".join(lines[:count])


def _table(folder: Path, events: Sequence[Event]) -> Iterator[Defect]:
    """Whether results.csv, where there is one, has the rows of the journal."""
    path = folder / RESULTS
    if path.is_symlink() or not path.is_file():
        return
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
        is_whole = path.read_bytes().endswith(b"\n") and len({len(row) for row in rows}) == 1
    except (OSError, ValueError, csv.Error):
        is_whole = False
    records = len(fold(events))
    if not is_whole:
        yield Defect(RESULTS, "cut off, or no table", NOT_THERE)
    elif len(rows) - 1 != records:
        yield Defect(RESULTS, f"{len(rows) - 1} rows, where the journal has {records} cells", NOT_THERE)


def _bare(problem: Exception, folder: Path) -> str:
    """A message without the path of the folder and the command that the user has just given."""
    text = str(problem).splitlines()[0].partition(": attnprof doctor ")[0]
    return text.removeprefix(f"{folder}{os.sep}").removeprefix(f"{folder} ")
