"""The kernels of one call, as data: how often each is launched, and its share of the time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from attnprof.backends import KernelRun, KernelTrace, RunKind
from attnprof.measuring.estimators import Estimator
from attnprof.measuring.timing import MeasuredTime
from attnprof.stats import Interval


@dataclass(frozen=True)
class KernelUse:
    """All runs of one kernel, or of all, in one call."""

    name: str
    runs: float  # of one call
    seconds: float  # of one call, all runs together: the estimator's figure, or the mean
    interval: Interval | None = None  # 95 %; None for calls that are too few, too noisy or not alike
    share: float = 1.0  # of the seconds of all kernels
    operator: str = ""  # of a runtime's node: its type, in the runtime's words
    origin: str = ""  # of a runtime's node: what of the module it computes, where that is said


@dataclass(frozen=True)
class KernelReport:
    """What one call launches, and how long it takes. In another runtime than torch kernels are the nodes of
    its graph."""

    kind: RunKind
    uses: tuple[KernelUse, ...]  # the longest first
    total: KernelUse | None  # of all kernels; None where none was seen
    calls: int  # that the profiler saw
    # Of attnprof.measuring.estimators: how these become a figure. Empty: their mean, as they are not alike.
    estimator: str
    note: str  # why no kernel was seen; empty where some were
    latency: MeasuredTime | None  # of a call, without a profiler; None where no sample counts
    flags: tuple[str, ...] = ()  # of attnprof.records.record.FLAGS


def kernel_uses(trace: KernelTrace, estimator: Estimator) -> tuple[KernelUse, ...]:
    """The kernels of ``trace``, each once, the longest first."""
    runs_by_name: dict[str, list[KernelRun]] = {}
    for run in trace.runs:
        runs_by_name.setdefault(run.name, []).append(run)
    uses = [
        replace(_use(name, runs, trace, estimator), operator=runs[0].operator, origin=runs[0].origin)
        for name, runs in runs_by_name.items()
    ]
    whole = sum(use.seconds for use in uses)
    shared = [replace(use, share=use.seconds / whole if whole else 0.0) for use in uses]
    return tuple(sorted(shared, key=lambda use: -use.seconds))


def all_kernels(trace: KernelTrace, estimator: Estimator) -> KernelUse | None:
    """All kernels of ``trace`` together; None where there are none."""
    return _use("", trace.runs, trace, estimator) if trace.runs else None


def _use(name: str, runs: Sequence[KernelRun], trace: KernelTrace, estimator: Estimator) -> KernelUse:
    """name: empty for all kernels. runs: those of that name."""
    sums = [sum(run.seconds for run in of_call if name in ("", run.name)) for of_call in trace.by_call]
    if not sums:
        seconds = sum(run.seconds for run in runs)
        return KernelUse(name, len(runs) / trace.calls, seconds / trace.calls)
    interval, runs_of_call = estimator.interval(sums), len(runs) / trace.calls
    if interval:
        interval = interval[0], interval[1] + runs_of_call * trace.resolution
    return KernelUse(name, runs_of_call, estimator.of(sums), interval)
