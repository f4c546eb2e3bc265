"""The blocks of a run on several lanes: dealt one after the other, the dearest first, and taken back from a
lane that is lost."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil
from threading import Condition

import msgspec

from attnprof.planning import Plan
from attnprof.planning.shards import PlannedCell, block_of, whole_blocks
from attnprof.records.record import AccountEvent, Event, VisitEvent
from attnprof.running.timetable import expected_seconds

MOST_COUNTED = 200  # cells of a block where nothing is timed
PARTS = 4  # blocks for each lane at least where nothing is timed, so that a slow lane holds up none
WAKE = 0.2  # seconds after which a lane that waits for a block looks whether the run is to stop
LEAST_SECONDS = 1.0  # of a block's budget
PROCESS_SECONDS = 5.0  # of each process, at least, where the run plans its own time: most is its start


class DealtBlock:
    """Cells that one lane carries out together, as a run of their own."""

    def __init__(self, plan: Plan, cells: Sequence[PlannedCell]) -> None:
        alike = {block_of(cell.case) for cell in cells}
        baselines = tuple(case for case in plan.baselines if block_of(case) in alike)
        self.plan = replace(plan, cells=tuple(cells), baselines=baselines)
        self.seconds = expected_seconds(self.plan)  # that it is expected to take
        self.label = _label(cells)
        self._events: list[Event] = []  # about its open cells, of all runs that have begun them

    @property
    def cells(self) -> tuple[PlannedCell, ...]:
        """Those that have not ended."""
        return self.plan.cells

    def limit(self, seconds: float) -> None:
        """Give it a time budget."""
        self.plan = replace(self.plan, time_budget=seconds, auto_budget=False)
        self.seconds = seconds

    def see(self, event: Event) -> None:
        """Take ``event`` in, which has the id of its run. A cell that has ended is no longer open."""
        if isinstance(event, VisitEvent):
            self._events.append(event)
            return
        if event.replaces:
            self._forget(event.key)
        if isinstance(event, AccountEvent):
            self._events.append(event)
            return
        self._forget(event.key)
        cells = tuple(cell for cell in self.cells if cell.case.key != event.key)
        self.plan = replace(self.plan, cells=cells)

    def _forget(self, key: str) -> None:
        self._events = [event for event in self._events if event.key != key]

    def events_of(self, run: str) -> list[Event]:
        """What the run with this id has done for the open cells, which it can go on with."""
        return [msgspec.structs.replace(event, run="") for event in self._events if event.run == run]

    def begun_elsewhere(self, run: str) -> dict[str, str]:
        """Key -> run of the open cells that another than ``run`` has begun: its figures do not count."""
        return {event.key: event.run for event in self._events if event.run != run}


class Dealer:
    """The blocks of lanes of one kind."""

    def __init__(self, plan: Plan, blocks: Sequence[DealtBlock], lanes: int) -> None:
        self.lanes = lanes  # that take blocks
        self._budget = plan.time_budget
        self._waiting = sorted(blocks, key=lambda block: block.seconds)  # the dearest is taken first
        if plan.auto_budget and len(blocks) > lanes:  # else each plans its own time
            _divide(expected_seconds(plan), blocks, lanes, PROCESS_SECONDS * plan.processes)
        self._under_way: list[DealtBlock] = []
        self._changed = Condition()

    def take(self, elapsed: float) -> DealtBlock | None:
        """The next block, with its share of the time that is left ``elapsed`` seconds after the run began;
        None where there is none now."""
        with self._changed:
            if not self._waiting:
                return None
            block = self._waiting.pop()
            self._under_way.append(block)
            if self._budget is not None:
                block.limit(self._share(block, self._budget - elapsed))
            return block

    def _share(self, block: DealtBlock, remaining: float) -> float:
        """Seconds for ``block`` of those that are ``remaining``."""
        work = block.seconds + sum(each.seconds for each in self._waiting)
        lanes = min(self.lanes, 1 + len(self._waiting))
        return max(LEAST_SECONDS, remaining * min(1.0, lanes * block.seconds / work))

    def wait(self) -> None:
        """Wait until something changes, for a moment at most."""
        with self._changed:
            self._changed.wait(WAKE)

    @property
    def is_over(self) -> bool:
        """Whether every block is carried out."""
        return not self._waiting and not self._under_way

    def end(self, block: DealtBlock) -> None:
        """``block`` is carried out, or, where it has open cells, waits for another lane."""
        with self._changed:
            self._under_way.remove(block)
            if block.cells:
                self._waiting.append(block)
            self._changed.notify_all()

    def retire(self) -> None:
        """A lane takes no more blocks."""
        with self._changed:
            self.lanes -= 1

    @property
    def seconds(self) -> float | None:
        """Until all is carried out, by what the blocks are expected to take; None where no lane is left."""
        blocks = [*self._waiting, *self._under_way]
        return sum(block.seconds for block in blocks) / self.lanes if self.lanes else None

    @property
    def open_cells(self) -> int:
        """How many cells have not ended."""
        return sum(len(block.cells) for block in (*self._waiting, *self._under_way))


def _divide(seconds: float, blocks: Sequence[DealtBlock], lanes: int, least: float) -> None:
    """Divide what one device would take for all ``blocks`` so that ``lanes`` take as long, each block
    ``least`` seconds or more."""
    work = sum(block.seconds for block in blocks)
    for block in blocks:
        block.limit(max(least, seconds * min(1.0, lanes * block.seconds / work)))


def blocks_of(plan: Plan, lanes: int) -> list[DealtBlock]:
    """The cells of ``plan`` as blocks: whole sizes and conditions, so that rivals are measured on one device;
    where nothing is timed, parts for so many ``lanes``."""
    if plan.timed:
        return [DealtBlock(plan, cells) for cells in whole_blocks(plan.cells).values()]
    return [DealtBlock(plan, cells) for cells in _parts(plan.cells, lanes)]


def _parts(cells: Sequence[PlannedCell], lanes: int) -> Iterator[Sequence[PlannedCell]]:
    size = max(1, min(MOST_COUNTED, ceil(len(cells) / (PARTS * lanes))))
    for start in range(0, len(cells), size):
        yield cells[start : start + size]


def _label(cells: Sequence[PlannedCell]) -> str:
    """'64@56x56, 20 cells'."""
    first = cells[0].case
    size = f"{first.channels}@{first.height}x{first.width}"
    others = "" if len({block_of(cell.case) for cell in cells}) == 1 else " and others"
    return f"{size}{others}, {len(cells)} cell{'' if len(cells) == 1 else 's'}"
