"""Counts that changed since a file of them was written, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from attnprof.comparison.counts import CHANGED, CountChange
from attnprof.metrics import METRICS
from attnprof.metrics import columns as metric_columns
from attnprof.units import show_change, show_figure
from attnprof.views.document import Document, TableCell, TableColumn


@dataclass(frozen=True)
class HeldTo:
    """The counts of a check beside those of a file."""

    file: str
    cells: int  # counted now
    changes: Sequence[CountChange] = field(default_factory=tuple)

    @property
    def changed(self) -> list[CountChange]:
        """The counts that are others than in the file."""
        return [change for change in self.changes if change.verdict == CHANGED]

    @property
    def outcome(self) -> str:
        """The comparison in a line."""
        others = [change.verdict for change in self.changes if change.verdict != CHANGED]
        parts = [f"{len(self.changed) or 'no'} count{'s' if len(self.changed) > 1 else ''} changed"]
        parts += [f"{others.count(verdict)} {verdict}" for verdict in dict.fromkeys(others)]
        return f"{self.file}: {', '.join(parts)}, of {self.cells} cells"


def says(change: CountChange) -> str:
    """A change in words: 'params 512 -> 520 (+1.6 %)'."""
    if change.verdict != CHANGED:
        return change.verdict
    metric = METRICS.get(metric_columns()[change.count])
    figures = [
        "none" if count is None else show_figure("count", count) for count in (change.before, change.now)
    ]
    growth = "" if change.share is None else f" ({show_change(change.share)})"
    return f"{metric.title} {' -> '.join(figures)}{growth}"


def document(held: HeldTo) -> Document:
    """A row per change; without any, the outcome alone."""
    columns = [
        TableColumn("cell", "cell", right=False),
        TableColumn("count", "count", right=False),
        TableColumn("before", held.file, "count", 80),
        TableColumn("now", "now", "count", 90),
        TableColumn("change", "change", "change", 70),
        TableColumn("verdict", "verdict", right=False),
    ]
    return Document(
        columns=columns if held.changes else (),
        rows=[_row(change) for change in held.changes],
        below=[held.outcome],
    )


def _row(change: CountChange) -> list[TableCell]:
    title = METRICS.get(metric_columns()[change.count]).title if change.count else ""
    return [
        TableCell(change.cell),
        TableCell(title or None),
        TableCell(change.before),
        TableCell(change.now),
        TableCell(change.share),
        TableCell(change.verdict),
    ]


def fields(change: CountChange) -> dict[str, Any]:
    """A change for programs."""
    return {
        "cell": change.cell,
        "verdict": change.verdict,
        "count": change.count or None,
        "before": change.before,
        "now": change.now,
    }
