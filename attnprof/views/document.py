"""A document: what a command prints, whatever the format.

Lines, a table whose cells carry their values, and the data. Its texts may be a stranger's: as soon as it is
made, nothing in them acts on a terminal, or ends a line of whatever format. Records and data are exact.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from attnprof.records.characters import printable
from attnprof.units import (
    POINTS,
    KindName,
    column_unit,
    group_digits,
    half_width,
    show_figure,
    show_share,
    write_in,
)

if TYPE_CHECKING:
    from attnprof.stats import Interval

WORDED: tuple[KindName, ...] = ("text", "change")  # printed in words of their own


def _make_printable(frozen: object, *names: str) -> None:
    """Spell what would act in these fields of an object that is being made: texts, and lists of texts."""
    for name in names:
        value = getattr(frozen, name)
        if not isinstance(value, str):
            object.__setattr__(frozen, name, _all_printable(value))
        elif not value.isprintable():
            object.__setattr__(frozen, name, printable(value))


def _all_printable(texts: Any) -> Any:
    """The list or tuple of these texts, without what would act."""
    return type(texts)(map(printable, texts))


@dataclass(frozen=True)
class Look:
    """How a document is to be printed."""

    width: int | None = None  # of the terminal in characters; None: nothing has to fit
    colour: bool = False  # whether styles may be used
    plain: bool = False  # whether there are only the characters of ASCII


@dataclass(frozen=True)
class Written:
    """A document in some format."""

    text: str  # without a line break at its end
    notes: tuple[str, ...] = ()  # for stderr: columns that did not fit


@dataclass(frozen=True)
class TableColumn:
    """One column of a table."""

    name: str  # in JSON and CSV
    title: str
    kind: KindName = "text"
    keep: int | None = (
        None  # the higher, the later it leaves a narrow terminal; None: never, it tells rows apart
    )
    right: bool = True  # whether it is aligned to the right
    at: str = ""  # the heading of a pivot that it stands under
    baseline: str = ""  # of a ratio: what its figures are over
    on_page: bool = True  # whether a printed page, whose width is fixed, has room for it
    is_chosen: bool = False  # whether the reader named it: a page has room for it in any case
    # Of a name: that name in so many characters, for a terminal that has no room for it.
    shorten: Callable[[str, int], str] | None = None
    units: tuple[str, ...] = ()  # that its figures may be in; empty, or none of its kind: what suits them
    bar: bool = False  # whether its shares are drawn as bars on a terminal
    key: str = field(init=False)  # of its values in a record: its name, and the heading that it stands under

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", f"{self.name}@{self.at}" if self.at else self.name)
        _make_printable(self, "title", "at", "baseline")

    @property
    def heading(self) -> str:
        """Its heading where every figure has its own unit: 'latency', 'latency/se', 'latency C=64'."""
        ratio = f"/{self.baseline}" if self.baseline else ""
        return f"{self.title}{ratio} {self.at}".rstrip()


@dataclass(frozen=True)
class TableCell:
    """One cell of a table: a figure in base units, or a text."""

    value: int | float | str | None = None  # None: nothing to show
    interval: "Interval | None" = None
    sign: str = ""  # before the figure: '≥' of a lower bound, '≈' of a difference within the noise
    note: str = ""  # behind the figure
    best: bool = False  # whether no other of its rivals is shown to be better
    tone: str = ""  # 'rough' or 'failed': how a terminal shows it
    exact: int | float | str | None = field(init=False)  # the value as it is, for programs

    def __post_init__(self) -> None:
        object.__setattr__(self, "exact", self.value)
        _make_printable(self, "sign", "note")
        if isinstance(self.value, str):
            _make_printable(self, "value")


@dataclass(frozen=True)
class Remark:
    """A line above a table.

    It is printed where one of the columns that it is about is; without any always.
    """

    text: str
    about: frozenset[str] = frozenset()  # names of columns
    titled: bool = False  # whether the titles of those of them that are shown stand before it

    def __post_init__(self) -> None:
        _make_printable(self, "text")


@dataclass(frozen=True)
class Document:
    """What a command prints."""

    columns: Sequence[TableColumn] = ()
    rows: Sequence[Sequence[TableCell]] = ()
    above: Sequence[Remark] = ()
    footnotes: Sequence[str] = ()
    below: Sequence[str] = ()
    blocks: Sequence[int] = ()  # how many rows belong together, in order; empty: all of them
    headings: Sequence[str] = ()  # one above each block, on a terminal
    tails: Sequence[str] = ()  # one line below each block, on a terminal
    findings: Callable[[], Sequence[str]] = tuple  # what the table says, in sentences for people
    commands: Sequence[str] = ()  # what to do next, on a terminal
    title: str = ""  # a heading, where a document has several parts
    caption: str = ""  # the author's own words on the table; in LaTeX they are LaTeX
    label: str = ""  # by which LaTeX refers to the table; empty: a usual one
    parts: "Sequence[Document]" = ()  # further documents, printed between the table and the lines below
    origin: str = ""  # which version printed which run
    header: Sequence[str] = ()  # of CSV; empty: the names in the first record
    records: Callable[[], Sequence[Mapping[str, Any]]] | None = (
        None  # the rows of CSV; None: those of the table
    )
    data: Callable[[], Any] | None = None  # for JSON; None: the rows of the table
    page: Callable[[Look], Written] | None = None  # how a terminal shows what is more than a table
    screen: "Callable[[], Document] | None" = None  # what a terminal shows in place of the table

    def __post_init__(self) -> None:
        _make_printable(self, "footnotes", "below", "headings", "tails", "commands", "title", "origin")
        _make_printable(self, "caption", "label")
        findings = self.findings
        object.__setattr__(self, "findings", lambda: _all_printable(findings()))

    def remarks(self, columns: Iterable[TableColumn]) -> list[str]:
        """The lines above, where these columns are shown."""
        titles = {column.name: column.title for column in columns}
        lines = []
        for remark in self.above:
            shown = [title for name, title in titles.items() if name in remark.about]
            if shown or not remark.about:
                lines.append(f"{', '.join(shown)}{remark.text}" if remark.titled else remark.text)
        return lines

    def table_records(self) -> list[dict[str, Any]]:
        """The table's own rows, by the columns' names."""
        keys = [column.key for column in self.columns]
        own = [dict(zip(keys, (cell.exact for cell in row), strict=True)) for row in self.rows]
        return own + [record for part in self.parts for record in part.table_records()]


def words(column: TableColumn, cell: TableCell) -> str:
    """A cell on its own: a figure with its unit and its interval."""
    if cell.value is None:
        return cell.sign + cell.note
    return _figure(column, cell) + (cell.note and f" {cell.note}")


def _figure(column: TableColumn, cell: TableCell) -> str:
    return cell.sign + show_figure(column.kind, cell.value, cell.interval, column.units)


def shortened(column: TableColumn, text: str, width: int) -> str:
    """``text`` in ``width`` characters, where its column can be shortened."""
    return column.shorten(text, width) if column.shorten and len(text) > width else text


@dataclass(frozen=True)
class Figure:
    """A cell in a column of one unit."""

    digits: str  # ungrouped; or words
    sign: str = ""
    spread: float | None = None  # half-width of the interval: relative, of shares in points
    note: str = ""
    best: bool = False
    words: bool = False  # whether it is words, whose digits are no number's

    @property
    def spread_text(self) -> str:
        """The interval behind the figure; empty without one."""
        return "" if self.spread is None else f" ± {show_share(self.spread)}"

    @property
    def line(self) -> str:
        """The cell on one line: sign, grouped digits, interval, note."""
        note = f" {self.note}" if self.note and self.digits else self.note
        shown = self.digits if self.words else group_digits(self.digits)
        return f"{self.sign}{shown}{self.spread_text}{note}"


@dataclass(frozen=True)
class UnitColumn:
    """A column whose figures are all in one unit."""

    column: TableColumn
    unit: str
    number: bool  # whether it is figures
    figures: tuple[Figure, ...]

    @property
    def title(self) -> str:
        """The title with the unit: 'latency (ms)'. A title that names a share says its unit itself."""
        return (
            self.column.title
            if not self.unit or "%" in self.column.title
            else f"{self.column.title} ({self.unit})"
        )

    @property
    def heading(self) -> str:
        """The title with the unit and the heading of the pivot: 'latency (ms) C=64'."""
        return f"{self.title} {self.column.at}".rstrip()


def in_units(document: Document, worded: Sequence[KindName] = WORDED) -> list[UnitColumn]:
    """The columns of ``document``, one unit for all that have one name.

    Every figure with the digits it deserves. worded: kinds that are printed in words of their own.
    """
    cells = {n: [row[n] for row in document.rows] for n in range(len(document.columns))}
    values: dict[str, list[Any]] = {}
    for n, column in enumerate(document.columns):
        values.setdefault(column.name, []).extend(cell.value for cell in cells[n] if cell.value is not None)
    return [
        _in_unit(column, cells[n], values[column.name], worded) for n, column in enumerate(document.columns)
    ]


def _in_unit(
    column: TableColumn, cells: Sequence[TableCell], values: Sequence[Any], worded: Sequence[KindName]
) -> UnitColumn:
    if column.kind == "code":
        figures = tuple(Figure(str(cell.value or ""), note=cell.note, words=True) for cell in cells)
        return UnitColumn(column, "", False, figures)
    if column.kind in worded:
        figures = tuple(Figure(words(column, cell), words=True, best=cell.best) for cell in cells)
        return UnitColumn(column, "", False, figures)
    unit = column_unit(column.kind, values, column.units)
    symbol = f"× {column.baseline}" if column.baseline else unit[0]
    figures = tuple(
        Figure(
            "" if cell.value is None else write_in(unit, _number(cell.value), cell.interval),
            cell.sign,
            _spread(column.kind, cell),
            cell.note,
            cell.best,
        )
        for cell in cells
    )
    return UnitColumn(column, symbol, True, figures)


def _number(value: int | float | str) -> int | float:
    """The number of a cell in a column of numbers."""
    assert not isinstance(value, str)
    return value


def _spread(kind: KindName, cell: TableCell) -> float | None:
    if cell.interval is None or not cell.value:
        return None
    value = _number(cell.value)
    half = half_width(value, cell.interval)
    return half if kind in POINTS else half / abs(value)
