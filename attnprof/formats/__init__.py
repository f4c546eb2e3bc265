"""Report formats: one per file, each exporting FORMAT."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnprof.registry import Registry

if TYPE_CHECKING:
    from attnprof.results import Results

FORMATS = Registry("attnprof.formats", "FORMAT", "format")


@dataclass(frozen=True)
class Look:
    """How something is to be printed. columns: these, in this order; none means what fits.

    width: of the terminal in characters, None where nothing has to fit. colour: whether styles may be used.
    pivot: what rows stand side by side by, 'channels'; none means a line per row.
    """

    columns: Sequence[str] = ()
    width: int | None = None
    colour: bool = False
    pivot: str = ""


@dataclass(frozen=True)
class Format:
    """render: results -> text without a final line break, and notes for stderr (a column that did not fit, say)."""

    help: str
    render: "Callable[[Results, Look], tuple[str, list[str]]]"

    def whole(self, results: "Results") -> str:
        """All of ``results``, where nothing has to fit."""
        return self.render(results, Look())[0]
