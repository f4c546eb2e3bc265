"""Metrics: one per file, each exporting METRIC.

A metric measures nothing; it is computed from what a run has found.

METRIC says everything about a figure once: tables, captions, budgets, pages and comparisons ask it. Every
counter has a metric of its own, ``<counter>_macs``, which follows from the registry of counters and has no
file.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from attnprof.counters import COUNTERS, Counter
from attnprof.registry import Registry
from attnprof.units import KINDS, KindName

if TYPE_CHECKING:
    from attnprof.backends import Energy, KernelTrace, Memory
    from attnprof.counting import Account
    from attnprof.measuring.bound import Peaks
    from attnprof.measuring.ratios import Ratio
    from attnprof.measuring.timing import Timing
    from attnprof.records.case import Case
    from attnprof.stats import Interval

Need = Literal["account", "counters", "timing", "baseline", "memory", "energy", "kernels", "peaks"]
COUNTED: tuple[Need, ...] = ("account", "counters")  # known from meta tensors, before anything is measured
ONCE: tuple[Need, ...] = (
    "memory",
    "energy",
    "kernels",
    "peaks",
)  # measured by the first of several processes: the others measure the same
LAST = 1000  # the place of a metric that claims none


@dataclass(frozen=True)
class Findings:
    """What is known of a case. A metric is computed only when what it needs is there, and else has the
    reason in ``missing``."""

    case: "Case"
    account: "Account | None" = None
    counters: Mapping[str, int | str] = field(default_factory=dict)  # counter -> its MACs, or why it has none
    timing: "Timing | None" = None
    baseline: "Ratio | None" = None  # over the run's baseline, in one process
    memory: "Memory | None" = None  # bytes of one call
    energy: "Energy | None" = None  # of calls back to back; None where the device has no counter of it
    kernels: "KernelTrace | None" = None  # of some calls; None where a call launches none
    peaks: "Peaks | None" = None  # what the device can do at best
    preparation: float | None = None  # seconds in which another runtime than torch took the module over
    missing: Mapping[Need, str] = field(default_factory=dict)  # what is not there -> why


@dataclass(frozen=True)
class Reading:
    """A metric's figure for one case, in base units: a Measurement without the metric's name and unit."""

    value: int | float | str | None
    interval: "Interval | None" = None
    interval_kind: str = ""  # 'samples', 'spread', 'resolution', 'exact'; empty without an interval
    n: int = 0  # samples behind it
    note: str = ""  # why the value is missing, or what qualifies it


@dataclass(frozen=True)
class Metric:
    """Everything that is to be said about one figure."""

    kind: KindName  # its unit, and how it is read, printed and combined over processes
    title: str  # its one name: in headings, captions and messages
    help: str  # one line, without a full stop
    needs: Need  # what must be known before it is computed
    compute: Callable[[Findings], Reading]
    also: tuple[Need, ...] = ()  # what else it looks at, where that is known
    on_device: bool = False  # whether it looks at times by the device's own clock
    better: Literal["less", "more", ""] = "less"  # empty: neither
    caption: str = ""  # its line in a caption; what stands in {} varies from run to run
    interval: bool = False  # whether its figures have one
    place: int = LAST  # in a table, from left to right
    keep: int = 50  # the higher, the later it leaves a narrow terminal
    shown: bool = True  # whether a table has it without being asked, where it has figures
    usual: bool = True  # whether a run computes it without being asked
    limit: str = ""  # its name in a budget; empty: a budget cannot speak of it
    train_limit: str = ""  # the same, for its figure of a training step
    counter: str = ""  # the counter that it belongs to, where it is not our own count
    over: str = ""  # the metric that a person sees it divided by
    lower_bound: str = ""  # the metric whose 'true' makes this figure a lower bound
    show: Callable[[str], str] | None = None  # of a text: how a person reads it
    aliases: tuple[str, ...] = ()  # further names that commands accept
    name: str = ""  # that of its file or entry point; the registry fills it in

    @property
    def unit(self) -> str:
        """The unit of its measurements in the journal: 's', 'bytes', '1/s', 'FLOP/byte', 'count', 'x', ''."""
        return KINDS[self.kind].unit

    @property
    def column(self) -> str:
        """Its heading in CSV and JSON: the name with the unit."""
        return column(self.name, self.unit)

    @property
    def ends(self) -> tuple[str, str]:
        """The columns of the ends of its interval."""
        return column(f"{self.name}_ci_low", self.unit), column(f"{self.name}_ci_high", self.unit)


SUFFIX = {kind.unit: kind.suffix for kind in KINDS.values()}
MACS = "_macs"  # behind a counter's name: what it counts, as a metric


def column(metric: str, unit: str) -> str:
    """The metric's heading in CSV and JSON: its name with its unit."""
    return metric if unit == "bytes" and "bytes" in metric else metric + SUFFIX[unit]


class _Metrics(Registry):
    """The files of this folder, the plug-ins, and one metric for every counter."""

    def __init__(self) -> None:
        super().__init__("attnprof.metrics", "METRIC", "metric")
        self._named: dict[str, Metric] = {}  # a table asks for each of them a hundred times

    def names(self) -> list[str]:
        """Every metric's name, sorted. Imports no entry."""
        return sorted({*super().names(), *(counter + MACS for counter in COUNTERS.names())})

    def __contains__(self, name: str) -> bool:
        return super().__contains__(name) or _counter_of(name) in COUNTERS

    def module_name(self, name: str) -> str:
        """The dotted name of the Python module behind the metric ``name``. Raises UnknownNameError."""
        if not super().__contains__(name) and _counter_of(name) in COUNTERS:
            return COUNTERS.module_name(_counter_of(name))
        return super().module_name(name)

    def get(self, name: str) -> Metric:
        """The metric ``name``: imports its one file."""
        if not super().__contains__(name) and _counter_of(name) in COUNTERS:
            return _macs_by(_counter_of(name))
        if name not in self._named:
            self._named[name] = replace(super().get(name), name=name)
        return self._named[name]


METRICS = _Metrics()


def _counter_of(name: str) -> str:
    return name.removesuffix(MACS) if name.endswith(MACS) else ""


def _explained(case: "Case") -> str:
    """The command that explains a count; nothing in a network, for explain is about modules."""
    if case.host:
        return ""
    options = [f" --batch {case.batch}"] * (case.batch > 1) + [" --train"] * (case.mode == "train")
    return f"; attnprof explain {case.target}{''.join(options)} says why"


@cache
def _macs_by(name: str) -> Metric:
    """The metric of what the counter ``name`` counts: its figure, or why it gave none."""
    counter: Counter = COUNTERS.get(name)

    def compute(findings: Findings) -> Reading:
        counted = findings.counters.get(name, "not asked for")
        if isinstance(counted, str):
            return Reading(None, note=counted)
        ours = findings.account.macs if findings.account else counted
        if counted == ours:
            return Reading(counted)
        return Reading(counted, note=f"ours is {ours}{_explained(findings.case)}")

    title = counter.title or name
    return Metric(
        kind="count",
        title=title,
        help=counter.help or f"MACs as {title} counts them",
        needs="counters",
        compute=compute,
        also=("account",),
        better="",
        place=100,
        keep=40,
        counter=name,
        over="macs",
        name=name + MACS,
    )


def columns() -> dict[str, str]:
    """Column of the CSV -> the metric in it."""
    counted = {counter + MACS for counter in COUNTERS.names()}
    return {name if name in counted else METRICS.get(name).column: name for name in METRICS.names()}


def in_order(names: Iterable[str]) -> list[Metric]:
    """The metrics ``names`` as a table has them, from left to right."""
    return sorted(map(METRICS.get, names), key=lambda metric: (metric.place, metric.name))


def plain_name(text: str) -> str:
    """``text`` as names are compared: lower case, words joined by underscores."""
    return "_".join(text.lower().replace("-", " ").replace("_", " ").split())


def aliases() -> dict[str, str]:
    """Every name that a command accepts, as ``plain_name`` writes it -> the metric that it means."""
    metrics = [METRICS.get(name) for name in METRICS.names()]
    further = {alias: metric.name for metric in metrics for alias in _other_names(metric)}
    return further | {metric.name: metric.name for metric in metrics}


def _other_names(metric: Metric) -> list[str]:
    names = (metric.title, metric.limit, metric.column, *metric.aliases)
    return [plain_name(name) for name in names if name]
