"""Metrics: one per file, each exporting METRIC. A metric measures nothing; it follows from what was found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from attnprof.records.case import Case
from attnprof.records.record import Measurement
from attnprof.registry import Registry

if TYPE_CHECKING:
    from attnprof.backends import Memory
    from attnprof.counting import Account
    from attnprof.measuring.bound import Peaks
    from attnprof.measuring.timing import Timing

METRICS = Registry("attnprof.metrics", "METRIC", "metric")

Need = Literal["account", "peers", "timing", "memory", "peaks"]
COUNTED: tuple[Need, ...] = ("account", "peers")  # found on meta tensors, before anything is measured
ONCE: tuple[Need, ...] = (
    "memory",
    "peaks",
)  # found by the first of several processes; the others find the same


@dataclass(frozen=True)
class Findings:
    """What is known of a case. A metric is asked only when what it needs is there.

    peers: counter -> its count of MACs, or the reason why there is none. memory: bytes of one call. peaks: what the device
    can do at best.
    """

    case: Case
    account: "Account | None" = None
    peers: Mapping[str, int | str] = field(default_factory=dict)
    timing: "Timing | None" = None
    memory: "Memory | None" = None
    peaks: "Peaks | None" = None


@dataclass(frozen=True)
class Metric:
    """One metric. needs: what must have been found. title: its heading in tables. also: what else it looks at.

    counter: the counter that it belongs to, where it is not our count. usual: whether it is found without being asked for.
    """

    unit: Literal["s", "bytes", "1/s", "FLOP/byte", "count", ""]
    help: str
    title: str
    needs: Need
    follows: Callable[[Findings], Measurement]
    counter: str = ""
    also: tuple[Need, ...] = ()
    usual: bool = True


SUFFIX = {"s": "_s", "bytes": "_bytes", "1/s": "_per_s", "FLOP/byte": "", "count": "", "": ""}


def column(metric: str, unit: str) -> str:
    """The metric's heading in CSV and JSON: its name with its unit."""
    return metric if unit == "bytes" and "bytes" in metric else metric + SUFFIX[unit]
