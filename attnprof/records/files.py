"""Files of a run folder: written whole or not at all, and never through a symbolic link.

A folder may be a stranger's, and a link in it may lead to any file of the user's.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from attnprof.errors import RunFolderError

PART = ".part"  # ends the name of a file that is being written
# Not every system has such links, or a text mode.
_PLAIN = os.O_CREAT | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_READABLE = 0o666  # without what the user's umask takes


def file_in(folder: Path, name: str) -> Path:
    """The path of the file ``name`` of a run folder. Raises RunFolderError where it is a symbolic link."""
    path = folder / name
    if "\0" in str(path):
        raise RunFolderError(f"{folder} holds no run: no name of a folder has NUL in it")
    if os.path.islink(path):  # False for a name that no file can have
        raise RunFolderError(f"{path} is a symbolic link, and links out of a run folder are not followed")
    return path


def write(path: Path, content: str | bytes) -> None:
    """Put ``content`` at ``path``: the file that is there is replaced at once, by a whole one.

    So is a link that is there. Raises OSError; the earlier file then stays.
    """
    write_pieces(path, [content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content])


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Put the ``pieces`` at ``path``, one behind the other, as ``write`` does."""
    part = path.with_name(f".{os.urandom(8).hex()}{PART}")
    file = os.open(part, _PLAIN | os.O_EXCL, _mode(path))
    try:
        try:
            for piece in pieces:
                write_all(file, piece)
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


def open_end(path: Path) -> int:
    """A descriptor that writes at the end of the file, which is made where there is none. Raises OSError."""
    return os.open(path, _PLAIN | os.O_APPEND, _READABLE)


def write_all(file: int, data: bytes) -> None:
    """Write all of ``data``, in as many pieces as the system takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _mode(path: Path) -> int:
    """Who may read the file: whoever could read the one that is there."""
    try:
        return path.lstat().st_mode & _READABLE if path.is_file() and not path.is_symlink() else _READABLE
    except OSError:
        return _READABLE
