"""Exact counts held to those in a file, which is committed beside the modules that they are of."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from attnprof.choosing.candidates import Candidate
from attnprof.choosing.measures import measures
from attnprof.errors import UsageError

SCHEMA = 1
Counts = dict[str, dict[str, int]]  # 'se@64@56' -> column of results.csv -> exact count
ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True)
class CountChange:
    """What is another in one cell than in the file."""

    cell: str
    verdict: str  # ADDED, REMOVED or CHANGED
    count: str = ""  # the column that changed
    before: int | None = None  # None: it was not counted
    now: int | None = None

    @property
    def share(self) -> float | None:
        """By how much of what it was it grew; None where that was nothing."""
        return None if not self.before or self.now is None else self.now / self.before - 1


def counts_of(entrants: Iterable[Candidate]) -> Counts:
    """The exact counts of each cell; of one that cannot be counted there are none."""
    exact = [measure for measure in measures().values() if measure.exact and measure.mode == "eval"]
    return {
        _name(candidate, point, mode): {
            measure.column: row[measure.column] for measure in exact if row.get(measure.column) is not None
        }
        for candidate in entrants
        for (point, mode), (row, _) in candidate.cells.items()
    }


def _name(candidate: Candidate, point: str, mode: str) -> str:
    return f"{candidate.name}@{point}" + (f" {mode}" if mode != "eval" else "")


def changes(before: Counts, now: Counts) -> list[CountChange]:
    """What changed, in the order of ``now``; what is no longer there comes last."""
    changed = [change for cell, counts in now.items() for change in _of_cell(cell, before.get(cell), counts)]
    return changed + [CountChange(cell, REMOVED) for cell in before if cell not in now]


def _of_cell(cell: str, before: Mapping[str, int] | None, now: Mapping[str, int]) -> list[CountChange]:
    if before is None:
        return [CountChange(cell, ADDED)]
    names = dict.fromkeys((*before, *now))
    return [
        CountChange(cell, CHANGED, name, before.get(name), now.get(name))
        for name in names
        if before.get(name) != now.get(name)
    ]


def written(counts: Counts) -> str:
    """The text of the file, the same for the same counts."""
    return json.dumps({"schema": SCHEMA, "counts": counts}, indent=1, sort_keys=True) + "\n"


def read(text: str, name: str) -> Counts:
    """The counts in a file's ``text``. Raises UsageError for any other file than one of ``written``."""
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    counts = data.get("counts") if isinstance(data, dict) and data.get("schema") == SCHEMA else None
    if not isinstance(counts, dict) or not all(map(_are_counts, counts.values())):
        raise UsageError(f"{name} is no file of counts; write one: attnprof check --write {name}")
    return counts


def _are_counts(value: object) -> bool:
    return isinstance(value, dict) and all(type(count) is int for count in value.values())
