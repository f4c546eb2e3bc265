"""The lock on a device, where all processes of a machine look for it: in one folder, by the device's UUID."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

VARIABLE = "ATTNPROF_LOCKS"  # names a folder that containers share
# TMPDIR is often one's own, and so no place to meet at.
FOLDERS = (Path("/run/lock"), Path("/tmp"))
EVERYBODY = 0o666  # may lock it, whoever has made the file


class DeviceLock:
    """Held from ``acquire`` on, until ``release`` or the end of the process."""

    def __init__(self, uuid: str) -> None:
        path = lock_folder() / f"attnprof-{uuid}.lock"
        self._lock = FileLock(path, mode=EVERYBODY, thread_local=False)  # whichever thread lets go

    def acquire(self) -> bool:
        """Whether the device is ours from now on; also where nobody can tell."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError:  # no such folder, or not ours to write to
            return True
        return True

    def release(self) -> None:
        """Let others have the device, if it is ours."""
        self._lock.release()


def lock_folder() -> Path:
    """Where the locks are."""
    if name := os.environ.get(VARIABLE):
        return Path(name)
    writable = (folder for folder in FOLDERS if os.access(folder, os.W_OK))
    return next(writable, FOLDERS[-1])
