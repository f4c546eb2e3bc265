"""Limits of this process: of memory, time, files. Windows has none."""

from collections.abc import Sequence
from types import ModuleType

resource: ModuleType | None
try:
    import resource
except ImportError:
    resource = None

NAMES = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_STACK")
KINDS = [getattr(resource, name) for name in NAMES if hasattr(resource, name)]
Limits = tuple[tuple[int, int], ...]  # soft and hard, of each of KINDS


def limits() -> Limits:
    """The limits as they are."""
    return tuple(resource.getrlimit(kind) for kind in KINDS) if resource else ()


def set_limits(values: Sequence[tuple[int, int]]) -> None:
    """Set those that are not as in ``values``."""
    if resource is None:
        return
    for kind, value in zip(KINDS, values, strict=True):
        if resource.getrlimit(kind) != value:
            resource.setrlimit(kind, value)


def limit_data(size: int) -> None:
    """Let this process have ``size`` bytes of private data at most, where the system has such a limit."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def most_files() -> int | None:
    """How many files may be open; None for no limit, or none that is known."""
    if resource is None:
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if most == resource.RLIM_INFINITY else int(most)
