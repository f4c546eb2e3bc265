"""The run folder: an append-only journal of events beside the effective spec and the environment.

spec.toml         what was asked, complete: it replays the run
environment.json  what it ran on
records.jsonl     the events, one line each, on disk as soon as they happen
results.csv       the table, written at the end
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Self

from attnprof.errors import EnvironmentProblem, RunFolderError
from attnprof.records.codec import Decoder, encode
from attnprof.records.environment import Environment
from attnprof.records.record import Event, VisitEvent

if TYPE_CHECKING:
    from filelock import FileLock

BETWEEN_SYNCS = 0.5  # seconds: counting again takes less
EVENTS, SPEC, ENVIRONMENT, RESULTS, LOCK = (
    "records.jsonl",
    "spec.toml",
    "environment.json",
    "results.csv",
    ".lock",
)
RISKY = ("=", "+", "-", "@")  # begins what a spreadsheet would run: a CSV quotes such a text


class Journal:
    """A run folder that is locked for writing. Use as a context manager; append only while inside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: FileLock | None = None
        self._file: int | None = None
        self._synced = 0.0

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make ``folder``. Raises EnvironmentProblem where that cannot be done, RunFolderError where a run is
        there."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / EVENTS).exists():
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

    def begin(self, spec: str, environment: Environment) -> None:
        """Write what was asked and what it runs on."""
        (self.folder / SPEC).write_text(spec, encoding="utf-8")
        self.describe(environment)

    def describe(self, environment: Environment) -> None:
        """Write what it runs on, again when more is known of it."""
        text = json.dumps(environment, indent=1, ensure_ascii=False) + "\n"
        (self.folder / ENVIRONMENT).write_text(text, encoding="utf-8")

    def __enter__(self) -> Self:
        from filelock import FileLock, Timeout  # whoever only reads a run locks nothing

        self._lock = FileLock(self.folder / LOCK)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise RunFolderError(
                f"{self.folder} is in use by another run; wait for it, or name another with -o"
            ) from None
        except OSError as problem:
            raise EnvironmentProblem(f"cannot write {self.folder}: {_words(problem)}") from None
        _drop_torn_line(self.folder / EVENTS)
        self._file = os.open(self.folder / EVENTS, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(OSError):  # what could not be written was said when it was written
                os.fsync(self._file)
            os.close(self._file)
        self._file = None
        if self._lock is not None:
            self._lock.release()
        (self.folder / LOCK).unlink(missing_ok=True)

    def append(self, event: Event) -> None:
        """Put one event on disk, before anything else happens."""
        self.extend([event])

    def extend(self, events: Sequence[Event]) -> None:
        """Put several events on disk at once, as ``append`` does one."""
        if not events:
            return
        if self._file is None:
            raise RuntimeError("the journal is not open")
        try:
            _write(self._file, b"".join(map(encode, events)))
            # A killed run loses nothing that was written. Only the machine's end could, and not what took
            # long to measure.
            measured = any(isinstance(event, VisitEvent) for event in events)
            if measured or monotonic() >= self._synced + BETWEEN_SYNCS:
                os.fsync(self._file)
                self._synced = monotonic()
        except OSError as problem:
            raise EnvironmentProblem(
                f"cannot write {self.folder / EVENTS}: {_words(problem)}; finished cells are kept"
            ) from None


def _write(file: int, text: bytes) -> None:
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(file, rest) :]


def events_in(folder: Path) -> list[Event]:
    """The events of a run folder, without a torn last line. Raises RunFolderError for any other damage."""
    path = folder / EVENTS
    try:
        with path.open("rb") as lines:
            return list(_decoded(path, lines))
    except FileNotFoundError:
        raise RunFolderError(f"{folder} holds no run: there is no {EVENTS}") from None
    except OSError as problem:
        raise RunFolderError(f"cannot read {path}: {_words(problem)}") from None


def _decoded(path: Path, lines: Iterable[bytes]) -> Iterator[Event]:
    decoder: Decoder[Event] = Decoder(Event)
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            return
        try:
            yield decoder.decode(line)
        except ValueError:
            raise RunFolderError(f"{path}:{number}: not a record; the file is damaged") from None


def environment_in(folder: Path) -> Environment:
    """The environment of a run folder. Raises RunFolderError."""
    try:
        environment = json.loads((folder / ENVIRONMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise RunFolderError(f"{folder} holds no run: {ENVIRONMENT}: {problem}") from None
    if not isinstance(environment, dict):
        raise RunFolderError(f"{folder / ENVIRONMENT}: not an environment; the file is damaged")
    return environment


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


def _drop_torn_line(path: Path) -> None:
    if path.exists():
        whole = path.read_bytes().rfind(b"\n") + 1
        if whole != path.stat().st_size:
            os.truncate(path, whole)


def _words(problem: OSError) -> str:
    return (problem.strerror or str(problem)).lower()
