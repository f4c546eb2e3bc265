"""Files of the user's own that come with the first request, to a worker on another machine: laid in a folder
of their own, which becomes the working directory, and compared with what was sent."""

import ast
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from attnprof.catalogue import file_hash
from attnprof.catalogue.user_location import file_at
from attnprof.errors import EnvironmentProblem
from attnprof.running.protocol import SentFile


def deliver(files: Sequence[SentFile]) -> None:
    """Lay ``files`` down and go to where they are.

    Raises EnvironmentProblem for a file that is another than was sent, and for one that imports what is not
    installed here.
    """
    if not files:
        return
    folder = _folder_of(files)
    for file in files:
        if file.text is not None:
            _write(folder / file.path, file.text)
    os.chdir(folder)
    for file in files:
        _require(file)


def _folder_of(files: Sequence[SentFile]) -> Path:
    """The same for the same files: each process of a run comes here."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = sha256("".join(f"{file.path}\0{file.digest}\0" for file in files).encode()).hexdigest()
    folder = cache / "attnprof" / "files" / digest[:24]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(path: Path, text: str) -> None:
    """Whole at once: another worker may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(text.encode())
    part.replace(path)


def _require(file: SentFile) -> None:
    path = file_at(file.location)
    if file_hash(path) != file.digest:
        where = f"{path} is another file than it was" if path.is_file() else "it is not installed there"
        raise EnvironmentProblem(f"{file.location}: {where} where the run began")
    missing = sorted(set(_not_installed(path)))
    if missing:
        raise EnvironmentProblem(f"{file.location} imports {', '.join(missing)}, not installed there")


def _not_installed(path: Path) -> Iterator[str]:
    """The packages that the file imports outside functions, conditions and try, and that are not here."""
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        tops = (name.partition(".")[0] for name in names)
        yield from (top for top in tops if not _is_here(top, path.parent))


def _is_here(name: str, folder: Path) -> bool:
    beside = (folder / f"{name}.py").is_file() or (folder / name).is_dir()
    return beside or name in sys.modules or importlib.util.find_spec(name) is not None
