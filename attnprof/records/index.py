"""Where in a journal the lines of each case are: a run of any size is read in parts, in any order."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from attnprof.records.case import Case
from attnprof.records.codec import Decoder
from attnprof.records.files import file_in
from attnprof.records.journal import EVENTS, placed_records
from attnprof.records.record import Event, VisitEvent

Position = tuple[int, ...]


class JournalIndex:
    """The journal of a run folder, read once: nothing of its figures is held.

    Warns and raises as ``events_in`` does.
    """

    def __init__(self, folder: Path, position: Callable[[Case], Position]) -> None:
        """position: what the cases are to be sorted by; all but its last number is alike in a block."""
        self._path = file_in(folder, EVENTS)
        self._decoder: Decoder[Event] = Decoder(Event)
        self._numbers: dict[tuple[str, str], int] = {}  # (run, key) -> number of the case
        self._positions: list[Position | None] = []  # by number; None: nothing says what the case is
        self._places, self._owners = array("q"), array("q")  # of each line: where it begins; its case
        self._processes: dict[tuple[str, str], set[int]] = {}
        for place, _, event in placed_records(folder):
            self._add(place, event, position)

    @property
    def cases(self) -> int:
        """How many different cases it has, whichever run they are of."""
        return len({key for _, key in self._numbers})

    @property
    def most_processes(self) -> dict[str, int]:
        """Run -> the processes behind that of its cases that has most of them."""
        most: dict[str, int] = {}
        for (run, _), processes in self._processes.items():
            most[run] = max(most.get(run, 0), len(processes))
        return most

    def parts(self, least: int) -> Iterator[list[Event]]:
        """The events of whole blocks together, in the order of the positions: of so many cases at least,
        where there are more."""
        with self._path.open("rb") as lines:
            for owners in self._batches(least):
                yield [self._read(lines, place) for place in sorted(owners)]

    def _add(self, place: int, event: Event, position: Callable[[Case], Position]) -> None:
        case_id = event.run, event.key
        number = self._numbers.setdefault(case_id, len(self._positions))
        if number == len(self._positions):
            self._positions.append(None)
        self._places.append(place)
        self._owners.append(number)
        if isinstance(event, VisitEvent):
            self._processes.setdefault(case_id, set()).add(event.process)
        elif self._positions[number] is None:
            self._positions[number] = position(event.case)

    def _batches(self, least: int) -> Iterator[Sequence[int]]:
        """The places of the lines of each part."""
        batch: list[int] = []
        cases: set[int] = set()
        for _, lines in groupby(self._in_order(), key=self._block_of):
            for line in lines:
                batch.append(self._places[line])
                cases.add(self._owners[line])
            if len(cases) >= least:
                yield batch
                batch, cases = [], set()
        if batch:
            yield batch

    def _in_order(self) -> list[int]:
        """The numbers of the lines that have a case, by its position."""
        placed = (line for line, owner in enumerate(self._owners) if self._positions[owner] is not None)
        return sorted(placed, key=self._position_of)

    def _position_of(self, line: int) -> Position:
        position = self._positions[self._owners[line]]
        assert position is not None
        return position

    def _block_of(self, line: int) -> Position:
        return self._position_of(line)[:-1]

    def _read(self, lines: Any, place: int) -> Event:
        lines.seek(place)
        return self._decoder.decode(lines.readline())
