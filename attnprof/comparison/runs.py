"""One run against another, cell by cell: how its time changed, which counts did, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log

from attnprof.comparison import processes
from attnprof.comparison.changes import Change, changes, counted
from attnprof.comparison.comparable import (
    COUNTERS,
    MACHINE,
    SHOWN,
    VERSIONS,
    Difference,
    identity,
    other,
    other_conditions,
)
from attnprof.comparison.controls import PRODUCT, Control, Timed, control_of, scaled
from attnprof.comparison.ratios import FASTER, SLOWER, Outcome, Side, judge, verdict_of
from attnprof.errors import RunFolderError, UsageError, nearest
from attnprof.records.case import Case
from attnprof.records.environment import Environment, machines
from attnprof.records.record import Event, Record, fold
from attnprof.stats import FEWEST_PROCESSES

LATENCY = "latency"
TOLERANCE = 0.05
MACHINE_CHANGED = 0.02


@dataclass(frozen=True)
class Ran:
    """A run to be compared."""

    name: str  # in messages
    environment: Environment
    events: Sequence[Event]


@dataclass(frozen=True)
class ComparedCell:
    """A cell that both runs have. Pairs are of before and after."""

    case: Case
    outcome: Outcome | None  # of its time, over the control's; None where one run has none
    changes: tuple[Change, ...] = ()
    ended: tuple[str, str] = ("ok", "ok")  # statuses
    reason: str = ""  # of the later status
    flags: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    edited: bool = False  # whether the file of a user's own module changed
    seconds: tuple[float | None, float | None] = (None, None)  # its times
    control: str = ""  # what they are over where they are compared; empty: they are compared themselves

    @property
    def broke(self) -> bool:
        """Whether it ran before and fails now."""
        return self.ended[0] == "ok" != self.ended[1]


@dataclass(frozen=True)
class Comparison:
    """Two runs compared."""

    before: Ran
    after: Ran
    metric: str
    tolerance: float
    cells: tuple[ComparedCell, ...]
    only_before: tuple[Case, ...] = ()  # cells that the later run lacks
    only_after: tuple[Case, ...] = ()  # cells that the earlier run lacks
    unlike: tuple[Difference, ...] = ()  # conditions that differ and may
    overall: Outcome | None = None  # of the geometric mean over the cells with a time
    machine: Outcome | None = None  # of the control matmul: where it changed, the machine did

    def called(self, verdict: str) -> list[ComparedCell]:
        """The cells of this verdict, the greatest change first."""
        pairs = [(cell, cell.outcome) for cell in self.cells]
        changes = [
            (abs(log(outcome.ratio)), cell)
            for cell, outcome in pairs
            if outcome and outcome.verdict == verdict
        ]
        return [cell for _, cell in sorted(changes, key=lambda pair: -pair[0])]

    @property
    def controls(self) -> list[str]:
        """What times are over where they are compared, the baseline first; empty where nothing is."""
        names = {cell.control for cell in self.cells if cell.outcome and cell.control}
        return sorted(names, key=lambda name: (name == PRODUCT, name))

    @property
    def broken(self) -> list[ComparedCell]:
        """The cells that ran before and fail now."""
        return [cell for cell in self.cells if cell.broke]

    @property
    def changed(self) -> list[tuple[ComparedCell, Change]]:
        """Counts that changed, and measured memory that grew by more than the tolerance."""
        return [
            (cell, change)
            for cell in self.cells
            for change in cell.changes
            if change.exact or self._grew(change)
        ]

    @property
    def holds(self) -> bool:
        """Whether nothing is slower, nothing broke and no count changed."""
        return not (self.called(SLOWER) or self.broken or self.changed)

    @property
    def machine_changed(self) -> bool:
        """Whether the machine ran slower or faster, by a limit below the tolerance: it moves every cell."""
        if self.machine is None or self.machine.interval is None:
            return self.machine is not None and self.machine.verdict in (SLOWER, FASTER)
        return verdict_of(self.machine.interval, MACHINE_CHANGED) in (SLOWER, FASTER)

    def _grew(self, change: Change) -> bool:
        if change.share is None:
            return change.after > change.before  # type: ignore[operator] # bytes
        return change.share > self.tolerance


def compare(
    before: Ran,
    after: Ran,
    tolerance: float = TOLERANCE,
    metric: str = LATENCY,
    across: bool = False,
    absolute: bool = False,
) -> Comparison:
    """``after`` compared with ``before``.

    metric: one of unit s that each process measures. across: whether runs of different versions may be
    compared. absolute: compare seconds, and not what they are over a control of the same process. Raises
    RunFolderError for runs that are not comparable, with all differences; UsageError for a metric without
    times.
    """
    runs = before, after
    was, now = (_by_identity(run) for run in runs)
    unlike = _comparable(before, after, list(was), list(now), across)
    timed = _timed(runs, metric)
    counts = counted(before.events) & counted(after.events)
    shared = [(record, now[case]) for case, record in was.items() if case in now]
    figures = [_figures(pair, timed, absolute) for pair in shared]
    cells = tuple(
        _cell(pair, control, metric, tolerance, counts) for pair, control in zip(shared, figures, strict=True)
    )
    controls = [control for control, cell in zip(figures, cells, strict=True) if cell.outcome]
    return Comparison(
        before,
        after,
        metric,
        tolerance,
        cells,
        _only_in(was, now),
        _only_in(now, was),
        tuple(unlike),
        _overall(controls, tolerance),
        _outcome([processes.of_reference(run.events) for run in runs], tolerance),
    )


def _by_identity(run: Ran) -> dict[Case, Record]:
    return {identity(record.case): record for record in fold(run.events)}


def _only_in(own: Mapping[Case, Record], others: Mapping[Case, Record]) -> tuple[Case, ...]:
    return tuple(record.case for case, record in own.items() if case not in others)


def _overall(controls: Sequence[Control], tolerance: float) -> Outcome | None:
    """The outcome of the geometric mean over the cells that both runs have timed in enough processes."""
    sure = [each for each in controls if min(len(each.before), len(each.after)) >= FEWEST_PROCESSES]
    cells = sure or controls  # one rough figure would leave a single process that has them all
    if not cells:
        return None
    before = processes.means([control.before for control in cells])
    after = processes.means([control.after for control in cells])
    return _outcome([before, after], tolerance)


def _comparable(
    before: Ran, after: Ran, was: Sequence[Case], now: Sequence[Case], across: bool
) -> Sequence[Difference]:
    """Differences that are allowed. Raises RunFolderError for the others."""
    for run, own in ((before, was), (after, now)):
        if not own:
            raise RunFolderError(f"{run.name}: no cell was finished, so there is nothing to compare")
        if len(machines(run.environment)) > 1:
            raise RunFolderError(
                f"{run.name} was merged from several machines; compare the runs that it is made of"
            )
    both = before.environment, after.environment
    wrong = [*other_conditions(was, now), *other(MACHINE, *both)]
    versions = other(VERSIONS, *both)
    if wrong or (versions and not across):
        advice = "" if wrong else ". To compare them all the same: --across"
        listed = "; ".join(map(str, [*wrong, *versions]))
        raise RunFolderError(f"{before.name} and {after.name} are not comparable: {listed}{advice}")
    if not set(was) & set(now):
        first = f"the first is {was[0].label}, and {now[0].label}"
        raise RunFolderError(f"{before.name} and {after.name} have no cell in common; {first}")
    return [*versions, *other(COUNTERS, *both), *other(SHOWN, *both)]


def _timed(runs: Sequence[Ran], metric: str) -> list[Timed]:
    """The times of each run's processes. Raises UsageError where nobody has any, unless it is the latency."""
    timed = [Timed(run.events, metric) for run in runs]
    if metric == LATENCY or any(each.seconds for each in timed):
        return timed
    raise UsageError(_without_times(metric, runs))


def _without_times(metric: str, runs: Sequence[Ran]) -> str:
    timed = sorted({name for run in runs for name in processes.timed(run.events)})
    names = f"There are: {', '.join(timed)}" if timed else "Nothing was timed"
    return f"--metric: no process of these runs timed {metric!r}. {nearest(metric, timed) or names}"


def _figures(pair: tuple[Record, Record], timed: Sequence[Timed], absolute: bool) -> Control:
    was, now = (record.case for record in pair)
    before, after = timed
    if absolute:
        return Control("", before.seconds.get(was.key, {}), after.seconds.get(now.key, {}))
    return control_of(was, now, before, after)


def _cell(
    pair: tuple[Record, Record], control: Control, metric: str, tolerance: float, counts: frozenset[str]
) -> ComparedCell:
    was, now = pair
    before, after = _side(was, control.before, metric), _side(now, control.after, metric)
    return ComparedCell(
        now.case,
        judge(before, after, tolerance) if before and after else None,
        tuple(changes(was, now, counts)),
        (was.status, now.status),
        now.reason,
        (was.flags, now.flags),
        was.case.source != now.case.source,
        (_seconds(was, metric), _seconds(now, metric)),
        control.name,
    )


def _side(record: Record, figures: Mapping[int, float], metric: str) -> Side | None:
    seconds = _seconds(record, metric)
    if record.status != "ok" or not seconds or not figures:
        return None
    own = [value for _, value in sorted(figures.items())]
    side = processes.side(own)
    interval = record.measurements[metric].interval
    return side and replace(side, interval=scaled(interval, seconds, side.seconds))


def _seconds(record: Record, metric: str) -> float | None:
    value = record.value(metric)
    return value if isinstance(value, float | int) else None


def _outcome(runs: Sequence[Sequence[float]], tolerance: float) -> Outcome | None:
    """The outcome of the seconds of two runs' processes; None where one of them has none."""
    before, after = map(processes.side, runs)
    return judge(before, after, tolerance) if before and after else None
