"""One run against another, cell by cell: how its time changed, which counts did, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from attnprof.comparison.processes import Times
from attnprof.comparison.ratios import FASTER, SLOWER, Outcome, Side, judge, verdict_of
from attnprof.errors import RunFolderError, UsageError, nearest
from attnprof.records.case import Case
from attnprof.records.environment import Environment, machines
from attnprof.records.record import Event, Record, fold

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
    outcome: Outcome | None  # of its time; None where one run has none
    changes: tuple[Change, ...] = ()
    ended: tuple[str, str] = ("ok", "ok")  # statuses
    reason: str = ""  # of the later status
    flags: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    edited: bool = False  # whether the file of a user's own module changed

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
    before: Ran, after: Ran, tolerance: float = TOLERANCE, metric: str = LATENCY, across: bool = False
) -> Comparison:
    """``after`` compared with ``before``.

    metric: one of unit s that each process measures. across: whether runs of different versions may be
    compared. Raises RunFolderError for runs that are not comparable, with all differences; UsageError for a
    metric without times.
    """
    runs = before, after
    was, now = (_by_identity(run) for run in runs)
    unlike = _comparable(before, after, list(was), list(now), across)
    seconds = processes.times(before.events, metric), processes.times(after.events, metric)
    if metric != LATENCY and not any(seconds):
        _refuse_metric(metric, runs)
    counts = counted(before.events) & counted(after.events)
    shared = [(record, now[case]) for case, record in was.items() if case in now]
    cells = tuple(_cell(pair, seconds, metric, tolerance, counts) for pair in shared)
    timed = [pair for pair, cell in zip(shared, cells, strict=True) if cell.outcome]
    return Comparison(
        before,
        after,
        metric,
        tolerance,
        cells,
        _only_in(was, now),
        _only_in(now, was),
        tuple(unlike),
        _overall(timed, seconds, tolerance),
        _outcome([processes.of_reference(run.events) for run in runs], tolerance),
    )


def _by_identity(run: Ran) -> dict[Case, Record]:
    return {identity(record.case): record for record in fold(run.events)}


def _only_in(own: Mapping[Case, Record], others: Mapping[Case, Record]) -> tuple[Case, ...]:
    return tuple(record.case for case, record in own.items() if case not in others)


def _overall(
    pairs: Sequence[tuple[Record, Record]], seconds: tuple[Times, Times], tolerance: float
) -> Outcome | None:
    """The outcome of the geometric mean over the cells that both runs have timed."""
    if not pairs:
        return None
    keys = [[record.case.key for record in records] for records in zip(*pairs, strict=True)]
    means = [processes.means(times, own) for times, own in zip(seconds, keys, strict=True)]
    return _outcome(means, tolerance)


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


def _refuse_metric(metric: str, runs: Sequence[Ran]) -> None:
    timed = sorted({name for run in runs for name in processes.timed(run.events)})
    names = f"There are: {', '.join(timed)}" if timed else "Nothing was timed"
    raise UsageError(
        f"--metric: no process of these runs timed {metric!r}. {nearest(metric, timed) or names}"
    )


def _cell(
    pair: tuple[Record, Record],
    seconds: tuple[Times, Times],
    metric: str,
    tolerance: float,
    counts: frozenset[str],
) -> ComparedCell:
    was, now = pair
    before, after = _side(was, seconds[0], metric), _side(now, seconds[1], metric)
    return ComparedCell(
        now.case,
        judge(before, after, tolerance) if before and after else None,
        tuple(changes(was, now, counts)),
        (was.status, now.status),
        now.reason,
        (was.flags, now.flags),
        was.case.source != now.case.source,
    )


def _side(record: Record, seconds: Times, metric: str) -> Side | None:
    if record.status != "ok" or metric not in record.measurements:
        return None
    own = [value for _, value in sorted(seconds.get(record.case.key, {}).items())]
    return processes.side(own, record.measurements[metric].interval)


def _outcome(runs: Sequence[Sequence[float]], tolerance: float) -> Outcome | None:
    """The outcome of the seconds of two runs' processes; None where one of them has none."""
    before, after = map(processes.side, runs)
    return judge(before, after, tolerance) if before and after else None
