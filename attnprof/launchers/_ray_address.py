"""What stands behind 'ray:': which cluster, how many lanes, what each leases, how long to wait for it."""

from dataclasses import dataclass, replace

from attnprof.errors import UsageError
from attnprof.grid import whole_number

MOST_LANES = 256
MOST_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class ClusterWish:
    """What a user wants of a cluster."""

    cluster: str = "auto"  # its address, 'host:6379'; auto: the one that this machine belongs to
    lanes: int = 0  # 0: as many as the cluster has now
    resource: str = ""  # that each lane leases one of; empty: a GPU, or a node's cores
    wait: int = 60  # seconds for which Ray may look for room, or start a node


def read_address(text: str) -> ClusterWish:
    """The wish of 'host:6379,lanes=8,wait=600'. Raises UsageError."""
    wish = ClusterWish()
    for position, part in enumerate(text.split(",")):
        if "=" in part:
            wish = _with_setting(wish, part)
        elif part and position:
            raise UsageError(f"--on ray: {part!r} is neither lanes=N, resource=NAME nor wait=SECONDS")
        elif part:
            wish = replace(wish, cluster=part)
    return wish


def _with_setting(wish: ClusterWish, part: str) -> ClusterWish:
    name, _, value = part.partition("=")
    try:
        if name == "lanes":
            return replace(wish, lanes=whole_number(value, MOST_LANES, "a number of lanes"))
        if name == "wait":
            return replace(wish, wait=whole_number(value, MOST_SECONDS, "a number of seconds"))
    except ValueError as problem:
        raise UsageError(f"--on ray: {part}: {problem}") from None
    if name != "resource" or not value:
        raise UsageError(f"--on ray: {part!r} is neither lanes=N, resource=NAME nor wait=SECONDS")
    return replace(wish, resource=value)
