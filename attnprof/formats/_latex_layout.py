"""How a LaTeX table fits into a column of text: its gaps, its headings, and what it has no room for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attnprof.formats._latex_columns import DIGIT, Column, columns_of, digits_across, head
from attnprof.views.document import TableColumn, UnitColumn

# The narrowest column of usual classes (article, twocolumn: 229, less what letters vary by), and the text of
# LaTeX's article, in points.
COLUMN_WIDTH, TEXT_WIDTH = 225, 345
FOLDED, NARROW = 30, 14  # characters of a text beyond which it takes several lines
GAPS = (5.0, 4.0, 3.0)  # points: \tabcolsep
# In text mode, with a bold whose digits are as wide as the others', bold figures stay aligned.
SETUP = r"\sisetup{mode=text, detect-weight=true, group-minimum-digits=4}"
BEST = r"\providecommand*{\best}{\fontseries{b}\selectfont}"


@dataclass(frozen=True)
class Layout:
    """How the columns of a table are set."""

    columns: Sequence[Column]
    is_stacked: bool  # whether units stand below titles
    gap: float  # points: \tabcolsep
    is_narrow: bool  # whether it is to fit into one of two columns

    @property
    def fits(self) -> bool:
        """Whether it is no wider than the text that it is for."""
        width = DIGIT * digits_across(self.columns, self.is_stacked) + 2 * len(self.columns) * self.gap
        return width <= (COLUMN_WIDTH if self.is_narrow else TEXT_WIDTH)

    @property
    def setup(self) -> str:
        """The type, and how figures are set in it."""
        return rf"\small\setlength{{\tabcolsep}}{{{self.gap:g}pt}}{SETUP}{BEST}"

    @property
    def head(self) -> list[str]:
        """The rule above the headings, these, and the rule below them."""
        return [r"\toprule", *head(self.columns, self.is_stacked), r"\midrule"]

    @property
    def kinds(self) -> str:
        """The preamble of the tabular."""
        return "@{}" + "".join(column.kind for column in self.columns) + "@{}"


def fitting(columns: Sequence[UnitColumn]) -> list[tuple[list[UnitColumn], Layout]]:
    """The columns that a page has room for, and how they are set: in several tables, one below the other,
    where there is no room for all that the reader named.

    What leaves a narrow terminal first leaves a page first, a figure with its ratio; what tells rows apart
    never does.
    """
    shown = list(columns)
    while (layout := _layout(shown)) is None:
        leaving = [column.column for column in shown if _may_leave(column.column)]
        if not leaving:
            return _folded(shown)
        first = min(leaving, key=lambda column: column.keep or 0).title
        shown = [column for column in shown if column.column.title != first]
    return [(shown, layout)]


def _folded(columns: Sequence[UnitColumn]) -> list[tuple[list[UnitColumn], Layout]]:
    """The columns with narrow texts; in several parts where these are too wide, too."""
    parts = [list(columns)] if _layout(columns, NARROW) else _split(columns)
    return [(part, _layout(part, NARROW) or _narrowest(part)) for part in parts]


def _layout(columns: Sequence[UnitColumn], folded: int = FOLDED) -> Layout | None:
    """The first layout in which the columns fit; None where there is none. folded: as of ``columns_of``."""
    return next((layout for layout in _layouts(columns_of(columns, folded)) if layout.fits), None)


def _narrowest(columns: Sequence[UnitColumn]) -> Layout:
    return Layout(columns_of(columns, NARROW), is_stacked=True, gap=GAPS[-1], is_narrow=False)


def _split(columns: Sequence[UnitColumn]) -> list[list[UnitColumn]]:
    """The columns in as few parts as fit, each with what tells rows apart; in one where that alone is too
    wide."""
    names = _with_names(columns, [])
    if not _layout(names, NARROW):
        return [list(columns)]
    parts: list[list[UnitColumn]] = []
    for column in columns:
        if column in names:
            continue
        wider = [*parts[-1], column] if parts else []
        if wider and _layout(_with_names(columns, wider), NARROW):
            parts[-1].append(column)
        else:
            parts.append([column])
    return [_with_names(columns, part) for part in parts]


def _with_names(columns: Sequence[UnitColumn], part: Sequence[UnitColumn]) -> list[UnitColumn]:
    return [column for column in columns if column.column.keep is None or column in part]


def _may_leave(column: TableColumn) -> bool:
    return column.keep is not None and not column.is_chosen


def _layouts(columns: Sequence[Column]) -> Iterator[Layout]:
    """All layouts, those for one of two columns first, and in each width those that are read most easily."""
    for is_narrow in (True, False):
        for is_stacked in (False, True):
            for gap in GAPS:
                yield Layout(columns, is_stacked, gap, is_narrow)
