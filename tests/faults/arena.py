"""A folder in which commands do what they like: its files are those of every input, and nothing is written elsewhere."""

import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RUN = "reports/20261120-run-cpu"  # the newest run, and the one that commands without RUN show
LATER = "later"  # another run of the same spec, for diff and merge
SHEET = "results.csv"
MODULE = """\
from torch import nn


class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        return x
"""
SPEC = """\
[grid]
modules = ["se", "cbam(reduction=8)"]
channels = [16, 32]
res = [8]

[measure]
no_latency = true
counters = "none"

[budget]
params = "<=10k"
"""
BYSTANDER = "not to be written\n"  # a file beside the working directory
FOLLOWING = ("open", "os.truncate", "os.chmod", "os.utime")  # events whose path, if it is a link, is followed
WRITABLE = ("/dev/null", "/dev/full")


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


Content = bytes | Link | None  # of a file; a link; None for a folder
Snapshot = Mapping[str, tuple[int, int, int]]  # path below the root -> mode, size, time of the last change


class Arena:
    """``here`` is the working directory of every input, ``root`` the folder around it, where nobody has business."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.here = self.root / "here"
        self.here.mkdir()
        (self.root / "bystander.html").write_text(BYSTANDER)
        self.writes_elsewhere: list[str] = []
        self._is_guarded, self._is_hooked = False, False
        self.original: dict[str, Content] = {}
        self._snapshot: Snapshot = {}

    def furnish(self, files: Mapping[str, Content]) -> None:
        """Lay ``files`` into the working directory: every input has them."""
        self.lay(files)
        self.keep()

    def keep(self) -> None:
        """What lies in the arena now is what ``restore`` brings back."""
        self.original = {name: _content(self.root / name) for name in _names(self.root)}
        self._snapshot = self.snapshot()

    def lay(self, files: Mapping[str, Content]) -> None:
        """Write the files of one input, over those that are there."""
        for name, content in files.items():
            _write(self.here / name, content)

    def snapshot(self) -> Snapshot:
        """What lies in the arena."""
        return {name: _state(self.root / name) for name in _names(self.root)}

    def restore(self) -> None:
        """Undo whatever an input did."""
        now = self.snapshot()
        changes = changed(self._snapshot, now)
        for name in sorted(changes, reverse=True):  # what a folder holds before the folder
            _remove(self.root / name)
        for name in sorted(changes & self.original.keys()):
            _write(self.root / name, self.original[name])
        if changes:
            self._snapshot = self.snapshot()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Meanwhile this process cannot write outside of the arena; whoever tries is noted."""
        if not self._is_hooked:
            sys.addaudithook(self._audit)  # for good: there is no way to remove one
        self._is_hooked = self._is_guarded = True
        try:
            yield
        finally:
            self._is_guarded = False

    def _audit(self, event: str, values: tuple[object, ...]) -> None:
        if not self._is_guarded:
            return
        for path in _written_by(event, values):
            if not self._holds(path, follows=event in FOLLOWING):
                self.writes_elsewhere.append(f"{event} {path!r}")
                raise PermissionError(1, "outside of the arena", path)

    def _holds(self, path: object, follows: bool) -> bool:
        """Whether what ``path`` names lies in the arena. follows: if it is a link, what it leads to."""
        if not isinstance(path, str | bytes | os.PathLike):
            return True  # a descriptor, which something else opened
        text = os.fsdecode(path)
        folder, name = os.path.split(os.path.abspath(text))
        real = os.path.realpath(text) if follows else os.path.join(os.path.realpath(folder), name)
        return text in WRITABLE or real.startswith(str(self.root))


def changed(before: Snapshot, after: Snapshot) -> set[str]:
    """Names of what is new, gone or different; folders only where they are new or gone."""
    names = before.keys() | after.keys()
    return {name for name in names if _of_note(before.get(name)) != _of_note(after.get(name))}


def _of_note(state: tuple[int, int, int] | None) -> tuple[int, ...] | None:
    # A folder's size and time tell what lies in it, which has names of its own.
    return state[:1] if state and stat.S_ISDIR(state[0]) else state


def _written_by(event: str, values: tuple[object, ...]) -> Iterable[object]:
    """The paths that the event of an audit hook is about to change."""
    match event, values:
        case "open", (path, _, int(flags)) if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            return (path,)
        case (("os.rmdir" | "os.remove"), (path, -1)):  # -1: the path is not below an open folder
            return (path,)
        case (("os.mkdir" | "os.truncate" | "os.chmod" | "os.utime"), (path, *_)):
            return (path,)
        case (("os.rename" | "os.link"), (old, new, *_)):
            return (old, new)
        case "os.symlink", (_, new, *_):
            return (new,)
    return ()


def _names(root: Path) -> list[str]:
    names = []
    for folder, folders, files in os.walk(root):
        names += [os.path.relpath(os.path.join(folder, name), root) for name in (*folders, *files)]
    return names


def _state(path: Path) -> tuple[int, int, int]:
    status = path.lstat()
    return status.st_mode, status.st_size, status.st_mtime_ns


def _content(path: Path) -> Content:
    if path.is_symlink():
        return Link(os.readlink(path))
    return None if path.is_dir() else path.read_bytes()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, content: Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        path.mkdir(exist_ok=True)
        return
    _remove(path)
    if isinstance(content, Link):
        path.symlink_to(content.target)
    else:
        path.write_bytes(content)
