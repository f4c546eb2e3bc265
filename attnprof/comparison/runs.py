"""One run against another, cell by cell: how its time changed, which counts did, and how it ended."""

from collections.abc import Sequence
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
    """A run to be compared: its name in messages, what it ran on, its kept events."""

    name: str
    environment: Environment
    events: Sequence[Event]


@dataclass(frozen=True)
class Cell:
    """A cell that both runs have. outcome: of its time, None where one of them has none.

    ended: its status before and after. reason: of the latter. flags: before and after. edited: its file is another, where it
    is a module of the user's own.
    """

    case: Case
    outcome: Outcome | None
    changes: tuple[Change, ...] = ()
    ended: tuple[str, str] = ("ok", "ok")
    reason: str = ""
    flags: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    edited: bool = False

    @property
    def broke(self) -> bool:
        """Whether it ran before and does not now."""
        return self.ended[0] == "ok" != self.ended[1]


@dataclass(frozen=True)
class Comparison:
    """Two runs compared. only_before, only_after: cells that the other does not have. unlike: what else is not alike.

    overall: the geometric mean over the cells that have a time. machine: the kernel that is the same in every run; where
    it changed, the machine did. Each is None where there is none.
    """

    before: Ran
    after: Ran
    metric: str
    tolerance: float
    cells: tuple[Cell, ...]
    only_before: tuple[Case, ...] = ()
    only_after: tuple[Case, ...] = ()
    unlike: tuple[Difference, ...] = ()
    overall: Outcome | None = None
    machine: Outcome | None = None

    def called(self, verdict: str) -> list[Cell]:
        """The cells of this verdict, the greatest change first."""
        found = [
            (cell, cell.outcome) for cell in self.cells if cell.outcome and cell.outcome.verdict == verdict
        ]
        return [cell for cell, outcome in sorted(found, key=lambda pair: -abs(log(pair[1].ratio)))]

    @property
    def broken(self) -> list[Cell]:
        """The cells that ran before and do not now."""
        return [cell for cell in self.cells if cell.broke]

    @property
    def changed(self) -> list[tuple[Cell, Change]]:
        """Counts that are not what they were, and measured memory that grew by more than the tolerance."""
        return [
            (cell, each) for cell in self.cells for each in cell.changes if each.exact or self._grew(each)
        ]

    @property
    def holds(self) -> bool:
        """Whether nothing is slower, nothing broke and no count changed."""
        return not (self.called(SLOWER) or self.broken or self.changed)

    @property
    def machine_changed(self) -> bool:
        """Whether the machine itself is slower or faster than it was: it then moves every cell, and less than the tolerance
        is enough to be told."""
        if self.machine is None or self.machine.interval is None:
            return self.machine is not None and self.machine.verdict in (SLOWER, FASTER)
        return verdict_of(self.machine.interval, MACHINE_CHANGED) in (SLOWER, FASTER)

    def _grew(self, change: Change) -> bool:
        return change.after > change.before if change.share is None else change.share > self.tolerance  # type: ignore[operator] # bytes


def compare(
    before: Ran, after: Ran, tolerance: float = TOLERANCE, metric: str = LATENCY, across: bool = False
) -> Comparison:
    """``after`` against ``before``. metric: of unit s, found by each process. across: compare other versions all the same.

    Raises RunFolderError for runs that are not comparable, with all that differs; UsageError for a metric without times.
    """
    was, now = ({identity(record.case): record for record in fold(run.events)} for run in (before, after))
    unlike = _comparable(before, after, list(was), list(now), across)
    runs = (before, after)
    found = [processes.times(run.events, metric) for run in runs]
    if metric != LATENCY and not any(found):
        _unknown(metric, runs)
    counts = counted(before.events) & counted(after.events)
    shared = [(record, now[case]) for case, record in was.items() if case in now]
    cells = tuple(_cell(*pair, found, metric, tolerance, counts) for pair in shared)
    timed = [pair for pair, cell in zip(shared, cells, strict=True) if cell.outcome]
    keys = [[record.case.key for record in side] for side in zip(*timed, strict=True)]
    means = [processes.means(of, own) for of, own in zip(found, keys, strict=False)]
    return Comparison(
        before,
        after,
        metric,
        tolerance,
        cells,
        tuple(record.case for case, record in was.items() if case not in now),
        tuple(record.case for case, record in now.items() if case not in was),
        tuple(unlike),
        _outcome(means, tolerance) if means else None,
        _outcome([processes.of_reference(run.events) for run in runs], tolerance),
    )


def _comparable(
    before: Ran, after: Ran, was: Sequence[Case], now: Sequence[Case], across: bool
) -> Sequence[Difference]:
    """What is not alike, and may be. Raises RunFolderError for what may not."""
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
        raise RunFolderError(
            f"{before.name} and {after.name} have no cell in common; the first is {was[0].label}, and {now[0].label}"
        )
    return [*versions, *other(COUNTERS, *both), *other(SHOWN, *both)]


def _unknown(metric: str, runs: Sequence[Ran]) -> None:
    timed = sorted({name for run in runs for name in processes.timed(run.events)})
    has = f"There are: {', '.join(timed)}" if timed else "Nothing was timed"
    raise UsageError(f"--metric: no process of these runs timed {metric!r}. {nearest(metric, timed) or has}")


def _cell(
    was: Record, now: Record, found: Sequence[Times], metric: str, tolerance: float, counts: frozenset[str]
) -> Cell:
    before, after = (_side(record, of, metric) for record, of in zip((was, now), found, strict=True))
    return Cell(
        now.case,
        judge(before, after, tolerance) if before and after else None,
        tuple(changes(was, now, counts)),
        (was.status, now.status),
        now.reason,
        (was.flags, now.flags),
        was.case.source != now.case.source,
    )


def _side(record: Record, found: Times, metric: str) -> Side | None:
    if record.status != "ok" or metric not in record.measurements:
        return None
    own = [seconds for _, seconds in sorted(found.get(record.case.key, {}).items())]
    return processes.side(own, record.measurements[metric].interval)


def _outcome(found: Sequence[Sequence[float]], tolerance: float) -> Outcome | None:
    before, after = map(processes.side, found)
    return judge(before, after, tolerance) if before and after else None
