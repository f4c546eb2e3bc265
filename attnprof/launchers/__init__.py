"""Launchers: where the workers of a run start. One per file, each exporting LAUNCHER.

A launcher says which lanes there are; a lane starts worker processes in one place, on one device, and gives
a Link to each. The protocol behind every Link is the same: lines of JSON, and nothing is pickled. A package
that it needs is imported only in the file of the function that ``lanes`` names. The entry-point group of
plug-ins is ``attnprof.launchers``.
"""

import importlib
import importlib.util
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from attnprof.errors import EnvironmentProblem
from attnprof.registry import Registry

LAUNCHERS = Registry("attnprof.launchers", "LAUNCHER", "launcher")
WORKER = ("-P", "-m", "attnprof.worker")  # what Python is to run on another machine


class Start(NamedTuple):
    """What a worker is started with."""

    command: tuple[str, ...]  # of this machine; on another, its own Python and WORKER
    variables: Mapping[str, str]  # that the worker needs, besides those of its machine
    prefix: bytes  # that each line of the worker begins with


class Link(Protocol):
    """A worker's two pipes. Its standard input is where requests go, its standard output where they are
    answered; what it prints on standard error tells why it ended. It ends when its input does."""

    def write(self, data: bytes) -> None:
        """Send ``data``, as far as the worker takes it. A worker that has ended is no error."""
        ...

    def line(self, timeout: float | None) -> bytes:
        """The next line, with its newline; empty, from then on, where no more will come. Raises TimeoutError
        after ``timeout`` seconds (None: no limit). A line without the prefix is the last that is read."""
        ...

    def exit_code(self) -> int | None:
        """How it ended, negative where a signal ended it; None where it goes on."""
        ...

    def last_line(self) -> str:
        """What it printed last on standard error; empty where it printed nothing."""
        ...

    def kill(self) -> None:
        """End it and whatever it has started. Threads that wait for a line then get the empty one. May be
        called more than once, and from another thread."""
        ...


@dataclass(frozen=True)
class Lane:
    """One place in which one worker at a time measures.

    ``open`` starts a fresh worker. It raises EnvironmentProblem where the place is gone; a Link that ends at
    once says the same. It is called by a thread of the lane's own.
    """

    name: str  # as users see it, no two alike in a run: 'gpu0', 'node3', 'big.example:0'
    open: Callable[[Start], Link]
    device: str = ""  # that its workers use, 'cuda:1'; empty: that of the run
    is_remote: bool = False  # whether its files and its cores are another machine's
    lease: str = ""  # what keeps others off its device, where that is not attnprof's own lock: 'Slurm job 17'
    close: Callable[[], None] = lambda: None  # gives the place back, when the run ends
    caution: str = ""  # what users should know of figures from there; said once in a run


class Demand(NamedTuple):
    """What a run wants lanes for."""

    device: str  # 'auto', 'cpu', 'cuda', 'cuda:1'; 'meta' where nothing is timed
    threads: int  # of an operator
    devices: tuple[str, ...] = ()  # those of its kind that this machine has: 'cuda:0', 'cuda:1'

    @property
    def is_timed(self) -> bool:
        """Whether a device is measured."""
        return self.device != "meta"


@dataclass(frozen=True)
class Launcher:
    """What is to be said about a launcher.

    ``lanes`` is the location 'package.module:function' of ``f(address, demand) -> Sequence[Lane]``. It raises
    UsageError for an address that it cannot read, or that asks for more than there is, and EnvironmentProblem
    where there is nothing to start workers with. It starts no worker.
    """

    help: str  # one line, without a full stop
    lanes: str
    address: str = ""  # what may stand behind the name, as the help shows it: '[:N]'
    packages: tuple[str, ...] = ()  # that have to be installed
    extra: str = ""  # attnprof's extra that installs them
    programs: tuple[str, ...] = ()  # that have to be on PATH

    def unavailable(self) -> str:
        """Why it cannot be used here; empty where it can. Imports nothing."""
        missing = [name for name in self.packages if importlib.util.find_spec(name) is None]
        if missing:
            source = f"'attnprof[{self.extra}]'" if self.extra else " ".join(missing)
            return f"needs {', '.join(missing)}: pip install {source}"
        absent = [name for name in self.programs if shutil.which(name) is None]
        return f"needs the program {', '.join(absent)}, which is not on PATH" if absent else ""


def lanes_of(place: str, demand: Demand) -> list[Lane]:
    """The lanes of ``place``, 'local:2'. Raises UnknownNameError, UsageError and EnvironmentProblem."""
    name, _, address = place.partition(":")
    launcher: Launcher = LAUNCHERS.get(name)
    if reason := launcher.unavailable():
        raise EnvironmentProblem(f"--on {place} {reason}")
    package, _, function = launcher.lanes.partition(":")
    find: Any = getattr(importlib.import_module(package), function)
    lanes: Sequence[Lane] = find(address, demand)
    return list(lanes)
