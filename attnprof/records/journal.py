"""The run folder: an append-only journal of events beside the effective spec and the environment.

spec.toml         what was asked, complete: it replays the run
environment.json  what it ran on, and the number of the folder's schema
records.jsonl     the events, one line each, on disk as soon as they happen
results.csv       the table, written at the end

The journal is created last: where it is, the other two are whole.
"""

import json
import os
import shlex
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Self

from msgspec.structs import force_setattr

from attnprof.errors import DamagedRecord, EnvironmentProblem, RunFolderError
from attnprof.records.case import Case, key_of
from attnprof.records.checks import falsehood
from attnprof.records.codec import Decoder, NotAnObject, encode, json_object
from attnprof.records.environment import SCHEMA, SPEC_TEXT, Environment, NewerSchema, checked
from attnprof.records.files import file_in, open_end, write, write_all
from attnprof.records.record import AccountEvent, DoneEvent, Event, VisitEvent

if TYPE_CHECKING:
    from filelock import FileLock

BETWEEN_SYNCS = 0.5  # seconds: counting again takes less
LATEST = 20_000  # cases that a reader holds: more than any run measures, and less than one that only counts
EVENTS, SPEC, ENVIRONMENT, RESULTS, LOCK = (
    "records.jsonl",
    "spec.toml",
    "environment.json",
    "results.csv",
    ".lock",
)


class Journal:
    """A run folder that is locked for writing. Use as a context manager; append only while inside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: FileLock | None = None
        self._file: int | None = None
        self._synced = 0.0
        self._is_whole = False  # whether a last line that was torn is gone

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make ``folder``. Raises EnvironmentProblem where that cannot be done, RunFolderError where a run is
        there."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(folder / EVENTS):
                raise RunFolderError(
                    f"{folder} holds a run already. Continue it: attnprof run --resume {folder},"
                    " or name another with -o"
                )
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as problem:
            raise EnvironmentProblem(
                f"cannot write {folder}: {_words(problem)} (found before measuring; nothing was lost)"
            ) from None
        return cls(folder)

    def begin(self, spec: str, environment: Environment) -> Environment:
        """Write what was asked and what it runs on; the environment as it was written is returned.

        Raises EnvironmentProblem.
        """
        whole = {"schema": SCHEMA, **environment, SPEC_TEXT: spec}
        self._put(SPEC, spec)
        self.describe(whole)
        self._open()
        return whole

    def describe(self, environment: Environment) -> None:
        """Write what it runs on, again when more is known of it. Raises EnvironmentProblem."""
        text = json.dumps(environment, indent=1, ensure_ascii=False)
        self._put(ENVIRONMENT, f"{text}\n")

    def __enter__(self) -> Self:
        from filelock import FileLock, Timeout  # whoever only reads a run locks nothing

        self._lock = FileLock(file_in(self.folder, LOCK))
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise RunFolderError(
                f"{self.folder} is in use by another run; wait for it, or name another with -o"
            ) from None
        except OSError as problem:
            raise EnvironmentProblem(f"cannot write {self.folder}: {_words(problem)}") from None
        try:
            if (self.folder / ENVIRONMENT).exists():
                self._open()
        except BaseException:
            self._unlock()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        is_there = self.is_there
        if self._file is not None:
            with suppress(OSError):  # what could not be written was said when it was written
                os.fsync(self._file)
            os.close(self._file)
        self._file = None
        self._unlock(is_there)

    @property
    def is_there(self) -> bool:
        """Whether the file that is open, where one is, still has its name."""
        if self._file is None:
            return True
        try:
            return os.path.samestat(os.lstat(self.folder / EVENTS), os.fstat(self._file))
        except OSError:
            return False

    def require_folder(self) -> None:
        """Raises EnvironmentProblem where the journal was removed or moved: the rest would be lost."""
        if not self.is_there:
            raise EnvironmentProblem(
                f"{self.folder / EVENTS} was removed or moved during the run: what follows could not be kept"
            )

    def append(self, event: Event) -> None:
        """Put one event on disk, before anything else happens."""
        self.extend([event])

    def extend(self, events: Sequence[Event]) -> None:
        """Put several events on disk at once, as ``append`` does one."""
        # A killed run loses nothing that was written. Only the machine's end could, and not what took long to
        # measure.
        self._write([encode(event) for event in events], any(isinstance(e, VisitEvent) for e in events))

    def copy(self, lines: Sequence[bytes]) -> None:
        """Put whole lines of other journals on disk as they are: a newer version's may say more than events
        of this one."""
        self._write(lines, is_dear=True)

    def _write(self, lines: Sequence[bytes], is_dear: bool) -> None:
        """is_dear: whether the lines are to outlive the machine's end, and not only the process's."""
        if not lines:
            return
        if self._lock is None:
            raise RuntimeError("the journal is not open")
        self.require_folder()
        file = self._file if self._file is not None else self._open()
        try:
            self._drop_torn_line()
            write_all(file, b"".join(lines))
            if is_dear or monotonic() >= self._synced + BETWEEN_SYNCS:
                os.fsync(file)
                self._synced = monotonic()
        except OSError as problem:
            raise EnvironmentProblem(
                f"cannot write {self.folder / EVENTS}: {_words(problem)}; finished cells are kept"
            ) from None

    def _open(self) -> int:
        """Open the file of the events."""
        path = file_in(self.folder, EVENTS)
        try:
            self._file = open_end(path)
        except OSError as problem:
            raise EnvironmentProblem(f"cannot write {path}: {_words(problem)}") from None
        return self._file

    def _drop_torn_line(self) -> None:
        """Take a torn last line away, before the first event: a run that is refused has changed nothing."""
        if self._is_whole:
            return
        path = self.folder / EVENTS
        whole = path.read_bytes().rfind(b"\n") + 1
        if whole != path.stat().st_size:
            os.truncate(path, whole)
        self._is_whole = True

    def _put(self, name: str, text: str) -> None:
        path = self.folder / name
        try:
            write(path, text)
        except OSError as problem:
            raise EnvironmentProblem(f"cannot write {path}: {_words(problem)}") from None

    def _unlock(self, is_there: bool = True) -> None:
        """Let go of the lock, and remove its file. is_there: whether the folder is still the one of the lock.

        The file is removed while it is held: whoever has opened it sees that it has no name any more, and
        tries again. Windows removes no file that is open; nobody else holds it then.
        """
        assert self._lock is not None
        lock, self._lock = self._lock, None
        if not is_there:
            lock.release()
        elif os.name == "nt":
            lock.release()
            _remove(self.folder / LOCK)
        else:
            _remove(self.folder / LOCK)
            lock.release()


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def events_in(folder: Path) -> list[Event]:
    """The events of a run folder, without a torn last line.

    A line in the middle that is no JSON object is passed over with a warning, DamagedRecord. Raises
    RunFolderError for a record that cannot be true, and where there is no run.
    """
    return [event for event, _ in records_in(folder)]


def records_in(folder: Path) -> Iterator[tuple[Event, bytes]]:
    """The events of a run folder, each with its line. Warns and raises as ``events_in`` does."""
    for _, line, event in placed_records(folder):
        yield event, line


def placed_records(folder: Path) -> Iterator[tuple[int, bytes, Event]]:
    """The events of a run folder, each behind its line and the place of that in the file, in bytes. Warns and
    raises as ``events_in`` does."""
    place = 0
    for number, line, outcome in lines_in(folder):
        if not isinstance(outcome, Damage):
            yield place, line, outcome
        elif outcome.is_readable:
            raise RunFolderError(f"{folder / EVENTS}:{number}: {outcome.problem}: {mending(folder)}")
        else:
            where = f"{folder / EVENTS}:{number}"
            warnings.warn(f"{where}: {outcome.problem}; this line is lost", DamagedRecord, stacklevel=2)
        place += len(line)


def lines_in(folder: Path) -> Iterator[tuple[int, bytes, "Event | Damage"]]:
    """Each whole line of the journal with its number, from 1, and its event, or what is wrong with it.

    Raises RunFolderError where the file cannot be read.
    """
    path = file_in(folder, EVENTS)
    reader = _JournalReader()
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.endswith(b"\n"):
                    yield number, line, reader.read(line)
    except FileNotFoundError:
        raise RunFolderError(f"{folder} holds no run: there is no {EVENTS}") from None
    except OSError as problem:
        raise RunFolderError(f"cannot read {path}: {_words(problem)}") from None


@dataclass(frozen=True)
class Damage:
    """What is wrong with a line of a journal."""

    problem: str
    is_readable: bool  # whether it is a JSON object: then it cannot be true


class _JournalReader:
    """Reads the lines of one journal, and holds each of the latest cases once."""

    def __init__(self) -> None:
        self._decoder: Decoder[Event] = Decoder(Event)
        self._cases: dict[str, Case] = {}  # by key

    def read(self, line: bytes) -> Event | Damage:
        try:
            event = self._decoder.decode(line)
            if not isinstance(event, VisitEvent):
                self._share_case(event, line)
        except NotAnObject:
            return Damage("not a record", is_readable=False)
        except ValueError as problem:
            return Damage(str(problem), is_readable=True)
        problem_of_figures = falsehood(event)
        return Damage(problem_of_figures, is_readable=True) if problem_of_figures else event

    def _share_case(self, event: AccountEvent | DoneEvent, line: bytes) -> None:
        """Let ``event`` have the case of earlier ones. Raises ValueError where the key is not the case's."""
        case = self._cases.get(event.key)
        if case is None:
            if event.case.key != event.key:
                self._require_key(event, line)
            if len(self._cases) == LATEST:
                del self._cases[next(iter(self._cases))]
            self._cases[event.key] = event.case
        elif case == event.case:
            force_setattr(event, "case", case)
        else:
            raise ValueError(f"{event.case.label} has the key of {case.label}")

    def _require_key(self, event: AccountEvent | DoneEvent, line: bytes) -> None:
        """Raises ValueError for a key that is not that of the case as the line has it.

        Another version may know other fields of a case, which its key is made of as well.
        """
        if key_of(json_object(line)["case"]) != event.key:
            raise ValueError(f"{event.case.label} has the key of another case")
        vars(event.case)["key"] = event.key


def mending(folder: Path) -> str:
    """What to do with a damaged folder."""
    return f"attnprof doctor {shlex.quote(str(folder))} --repair"


def environment_in(folder: Path) -> Environment:
    """The environment of a run folder. Raises RunFolderError."""
    path = file_in(folder, ENVIRONMENT)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise RunFolderError(f"{folder} holds no run: there is no {ENVIRONMENT}") from None
    except OSError as problem:
        raise RunFolderError(f"cannot read {path}: {_words(problem)}") from None
    try:
        return checked(json_object(text))
    except NewerSchema as problem:
        raise RunFolderError(f"{folder}: {problem}") from None
    except ValueError as problem:
        raise RunFolderError(f"{path}: {problem}: {mending(folder)}") from None


def require_spec(folder: Path, environment: Environment) -> None:
    """Raises RunFolderError where spec.toml is no longer what the run began with. Old runs cannot tell."""
    path = file_in(folder, SPEC)
    try:
        text = path.read_bytes().decode(errors="replace").replace("\r\n", "\n")  # as git may check it out
    except OSError as problem:
        raise RunFolderError(f"cannot read {path}: {_words(problem)}: {mending(folder)}") from None
    if text != environment.get(SPEC_TEXT, text):
        raise RunFolderError(f"{path} is not what the run began with: {mending(folder)}")


def new_folder(name: str, device: str, root: Path = Path("reports")) -> Path:
    """The first of reports/<date>-<name>-<device>, ...-2, ...-3 that is not there yet."""
    plain = root / f"{date.today():%Y%m%d}-{name}-{device}"
    candidates = (plain if n == 1 else plain.with_name(f"{plain.name}-{n}") for n in range(1, 10**6))
    return next(folder for folder in candidates if not folder.exists())


def newest_folder(root: Path = Path("reports")) -> Path:
    """The run folder under ``root`` that was started last. Raises RunFolderError where there is none."""
    folders = [path.parent for path in root.glob(f"*/{ENVIRONMENT}") if (path.parent / EVENTS).exists()]
    if not folders:
        raise RunFolderError(f"no run under {root}/ yet: attnprof run makes one")
    return max(folders, key=_started)


def _started(folder: Path) -> float:
    try:
        environment = environment_in(folder)
        text = str(environment.get("merged") or environment.get("started"))
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, RunFolderError):
        return 0.0  # one damaged folder must not stand in the way of the others


def _words(problem: OSError) -> str:
    return (problem.strerror or str(problem)).lower()
