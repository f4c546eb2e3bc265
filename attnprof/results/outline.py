"""The rows of a whole run: how many there are, and in which order.

A run folder says so itself. It is not planned anew: what its spec names may have changed or be gone since,
or be a file that looking at a run must not import.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from attnprof.catalogue.selection import stands_for_several
from attnprof.grid import Point
from attnprof.networks import PLAIN
from attnprof.records.case import Case, device_kind
from attnprof.records.environment import (
    CELLS,
    LANES,
    PLACEMENTS,
    SHARD,
    Environment,
    fingerprint,
    kind_of_device,
    machines,
)
from attnprof.records.record import AccountEvent, DoneEvent, Event
from attnprof.spec import Spec

if TYPE_CHECKING:
    from attnprof.planning import Plan

MODES = {"eval": 0, "train": 1}
T = TypeVar("T")
Position = tuple[bool, int, int, int, int, int, int]


@dataclass(frozen=True)
class Outline:
    """The rows of a run: by device, then mode, then point, batch, runtime and placement."""

    spec: Spec
    cells: int  # of the whole run, finished or not
    devices: Mapping[str, int]  # their kinds
    points: Mapping[Point, int]
    batches: Mapping[int, int]
    executions: Mapping[str, int]
    placements: Mapping[str, int]  # by Case.placement

    def position(self, case: Case) -> Position:
        """What the rows are sorted by. A case that the run does not have comes last."""
        device = self.devices.get(device_kind(case.device), -1)
        mode = MODES.get(case.mode, -1)
        point = self.points.get((case.channels, case.height, case.width), -1)
        batch = self.batches.get(case.batch, -1)
        placement = self.placements.get(case.placement, -1)
        execution = 0 if case.device == "meta" else self.executions.get(case.execution, -1)
        places = device, mode, point, batch, execution, placement
        return min(places) < 0, *places


def outline_of_plan(plan: "Plan") -> Outline:
    """The outline of a run of ``plan``."""
    return _outline(plan.spec, len(plan.cells), [plan.device], plan.placements)


def outline_of_journal(spec: Spec, environment: Environment, events: Sequence[Event]) -> Outline:
    """The outline of a run from its folder: what it was to do, what it ran on, and its events."""
    cases = list(_cases(events))
    devices = [kind_of_device(machine) for machine in machines(environment)]
    placements = _recorded_placements(environment) or _placements_of(cases, spec)
    executions = 1 if devices == ["meta"] else len(spec.executions)
    conditions = len(spec.batches) * executions * (2 if spec.train else 1)
    each = len(spec.grid()) * len(placements) * conditions
    cells = _planned(spec, environment, each)
    return _outline(spec, max(cells, len({case.key for case in cases})), devices, placements)


def _planned(spec: Spec, environment: Environment, each: int) -> int:
    """How many cells a run has, or several that were merged. each: of the whole plan."""
    runs = environment.get("runs")
    if runs and LANES not in environment:
        return each * len(set(map(_whole, runs.values())))
    return int(environment.get(CELLS) or _share_in_older_runs(each, spec.shard))


def _whole(environment: Environment) -> tuple[str, ...]:
    """What the runs of one whole plan share: shards the number of hands and the kind of device, others the
    machine."""
    part = str(environment.get(SHARD) or "")
    if not part:
        return (fingerprint(environment),)
    return part.partition("/")[2], kind_of_device(environment)


def _share_in_older_runs(cells: int, part: str | None) -> int:
    """How many of ``cells`` are in the part 'i/n' of a run that does not say so: even in number."""
    if part is None:
        return cells
    index, hands = map(int, part.split("/"))
    each, rest = divmod(cells, hands)
    return each + (index <= rest)


def _outline(spec: Spec, cells: int, devices: Sequence[str], placements: Sequence[str]) -> Outline:
    return Outline(
        spec,
        cells,
        _numbered([device_kind(device) for device in devices]),
        _numbered(spec.grid()),
        _numbered(spec.batches),
        _numbered(spec.executions),
        _numbered(placements),
    )


def _numbered(things: Sequence[T]) -> dict[T, int]:
    return {thing: number for number, thing in enumerate(things)}


def says_placements(environment: Environment) -> bool:
    """Whether a run says itself which placements it has, as those of older versions do not."""
    return bool(_recorded_placements(environment))


def _recorded_placements(environment: Environment) -> list[str]:
    """The placements that the run, or each of the merged runs, says it has; none where one does not."""
    lists = [run.get(PLACEMENTS) for run in (environment.get("runs") or {"": environment}).values()]
    if not all(isinstance(names, list) for names in lists):
        return []
    return list(dict.fromkeys(str(name) for names in lists for name in names))


def _placements_of(cases: Sequence[Case], spec: Spec) -> list[str]:
    """The placements of a run that does not say them: by network, then by the pattern that names the module,
    then as they were counted."""
    networks = _numbered(spec.networks)
    adding = [pattern for pattern in spec.modules if not pattern.startswith("!")]
    patterns = _numbered(list(dict.fromkeys(pattern.partition("(")[0] for pattern in adding)))
    several = next((number for name, number in patterns.items() if stands_for_several(name)), 0)

    def rank(case: Case) -> tuple[int, int]:
        is_plain = case.host and case.module == PLAIN
        pattern = -1 if is_plain else patterns.get(case.module, several)
        return networks.get(case.host, -1), pattern

    return list(dict.fromkeys(case.placement for case in sorted(cases, key=rank)))


def _cases(events: Sequence[Event]) -> Iterator[Case]:
    """The cases of the journal as they were counted; those that ended before anything was counted follow."""
    with_case = [event for event in events if isinstance(event, AccountEvent | DoneEvent)]
    counted = (number for number, event in enumerate(with_case) if isinstance(event, AccountEvent))
    first = next(counted, 0)
    return (event.case for event in (*with_case[first:], *with_case[:first]))
