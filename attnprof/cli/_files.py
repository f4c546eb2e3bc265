"""Files of the user's own that a run imports: written down when it begins, the same when it goes on."""

from pathlib import Path

from attnprof.catalogue import file_hash
from attnprof.catalogue.user_location import file_at, location_of
from attnprof.cli._terminal import Terminal
from attnprof.errors import RunFolderError, UsageError
from attnprof.records.environment import FILES, Environment
from attnprof.running.protocol import SentFile
from attnprof.spec import Spec
from attnprof.spec.locations import locations


def hashes_of_files(spec: Spec) -> dict[str, str]:
    """Location -> SHA-256 of the file there, for what ``spec`` names; nothing is imported."""
    return {location: file_hash(file_at(location)) for location in locations(dict(spec))}


def sent_files(spec: Spec) -> tuple[SentFile, ...]:
    """The files that ``spec`` names, as they go to workers on other machines. Those of installed packages do
    not travel. Raises UsageError for a path that leads out of the working directory."""
    return tuple(_sent(location, file_at(location)) for location in locations(dict(spec)))


def _sent(location: str, path: Path) -> SentFile:
    if not location_of(location).is_file:
        return SentFile(location, "", file_hash(path))
    if path.is_absolute() or ".." in path.parts:
        raise UsageError(
            f"{location}: to another machine a file goes by its path from the working directory; go to"
            f" {path.parent} and write {path.name}"
        )
    return SentFile(location, str(path), file_hash(path), path.read_text(encoding="utf-8"))


def require_files_of(environment: Environment, spec: Spec, folder: Path, terminal: Terminal) -> None:
    """Say which files a run in ``folder`` will import. Raises RunFolderError where one is not that with which
    the run began, before it is imported."""
    before = environment.get(FILES, {})
    for location, digest in hashes_of_files(spec).items():
        path = file_at(location)
        if path.suffix == ".py" and not path.is_file():
            raise RunFolderError(f"{folder} runs {location}, and there is no {path} here: go to where it is")
        if before.get(location) != digest:
            raise RunFolderError(
                f"{folder} cannot be continued: {path.resolve()} is not the file that it began with."
                " Begin a new run"
            )
        terminal.warn(f"runs {path.resolve()}, the file that the run began with")
