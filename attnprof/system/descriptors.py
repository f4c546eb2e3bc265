"""Numbers of open files."""

import os
from types import ModuleType

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:
    fcntl = None


def private_copy(descriptor: int, lowest: int) -> int:
    """A further number of the open file, which no program that is started inherits: the first free one from
    ``lowest`` on, or any where the system cannot be told. Raises OSError where there is none."""
    if fcntl is None:
        return os.dup(descriptor)
    number: int = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, lowest)
    return number
