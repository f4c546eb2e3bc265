"""The run folder: an append-only journal of events beside the effective spec and the environment.

spec.toml         what was asked, complete: it replays the run
environment.json  what it ran on, and the number of the folder's schema
records.jsonl     the events, one line each, on disk as soon as they happen
results.csv       the table, written at the end

The journal is created last: where it is, the other two are whole.
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
from attnprof.records.files import file_in, open_end, write, write_all
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

    def begin(self, spec: str, environment: Environment) -> None:
        """Write what was asked and what it runs on. Raises EnvironmentProblem."""
        self._put(SPEC, spec)
        self.describe(environment)
        self._open()

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
        is_there = self._file is None or self._is_there()
        if self._file is not None:
            with suppress(OSError):  # what could not be written was said when it was written
                os.fsync(self._file)
            os.close(self._file)
        self._file = None
        self._unlock(is_there)

    def require_folder(self) -> None:
        """Raises EnvironmentProblem where the journal was removed or moved: the rest would be lost."""
        if self._file is not None and not self._is_there():
            raise EnvironmentProblem(
                f"{self.folder / EVENTS} was removed or moved during the run: what follows could not be kept"
            )

    def append(self, event: Event) -> None:
        """Put one event on disk, before anything else happens."""
        self.extend([event])

    def extend(self, events: Sequence[Event]) -> None:
        """Put several events on disk at once, as ``append`` does one."""
        if not events:
            return
        if self._lock is None:
            raise RuntimeError("the journal is not open")
        self.require_folder()
        file = self._file if self._file is not None else self._open()
        try:
            write_all(file, b"".join(map(encode, events)))
            # A killed run loses nothing that was written. Only the machine's end could, and not what took
            # long to measure.
            measured = any(isinstance(event, VisitEvent) for event in events)
            if measured or monotonic() >= self._synced + BETWEEN_SYNCS:
                os.fsync(file)
                self._synced = monotonic()
        except OSError as problem:
            raise EnvironmentProblem(
                f"cannot write {self.folder / EVENTS}: {_words(problem)}; finished cells are kept"
            ) from None

    def _open(self) -> int:
        """Open the file of the events, without a torn last line."""
        path = file_in(self.folder, EVENTS)
        try:
            _drop_torn_line(path)
            self._file = open_end(path)
        except OSError as problem:
            raise EnvironmentProblem(f"cannot write {path}: {_words(problem)}") from None
        return self._file

    def _put(self, name: str, text: str) -> None:
        path = self.folder / name
        try:
            write(path, text)
        except OSError as problem:
            raise EnvironmentProblem(f"cannot write {path}: {_words(problem)}") from None

    def _is_there(self) -> bool:
        """Whether the file that is open still has its name."""
        assert self._file is not None
        try:
            return os.path.samestat(os.lstat(self.folder / EVENTS), os.fstat(self._file))
        except OSError:
            return False

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
    """The events of a run folder, without a torn last line. Raises RunFolderError for any other damage."""
    path = file_in(folder, EVENTS)
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
        environment = json.loads(file_in(folder, ENVIRONMENT).read_text(encoding="utf-8"))
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
