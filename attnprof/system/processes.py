"""Child processes that end with all that they have started."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from attnprof.system._psutil import psutil

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
HAS_GROUPS = hasattr(os, "killpg")


def apart() -> dict[str, Any]:
    """Arguments of Popen for a child that Ctrl-C in the terminal does not reach: one with a session, or a
    group, of its own."""
    if HAS_GROUPS:
        return {"start_new_session": True}
    return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """End a child that was started ``apart``, and what it has started in its session."""
    if HAS_GROUPS:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, KILL)
    else:
        _kill_descendants(process.pid)
    process.kill()


def _kill_descendants(number: int) -> None:
    gone = psutil().Error
    with suppress(gone):
        for child in psutil().Process(number).children(recursive=True):
            with suppress(gone):
                child.kill()


def kill_marked(mark: bytes) -> bool:
    """End every process that has ``mark`` among its environment variables; whether there was one. Nothing is
    found where the system does not tell them."""
    marked = list(_marked(mark))
    for process in marked:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, KILL)
    return bool(marked)


def _marked(mark: bytes) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if mark in (folder / "environ").read_bytes():
                yield int(folder.name)


def signal_name(number: int) -> str:
    """'SIGKILL'; 'signal 40' for one without a name here."""
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
