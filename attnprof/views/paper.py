"""A table as papers print it: one unit and the same decimals down a column, exact counts whole, the best of a block marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from attnprof.choosing.candidates import CONDITIONS
from attnprof.results import Results
from attnprof.results.baseline import OVER, UNCLEAR, costs
from attnprof.results.columns import Column
from attnprof.results.pivot import Line, Row, pivot_key
from attnprof.units import Scale, ScaleKind, common_scale, group_digits, show_share
from attnprof.views.sheet import ABOUT, IDENTITY, OTHER_MACS, Sheet, cell_of, sheet

SIZE = ("host", "mode", "height", "width", "channels")  # what lines of one block share


@dataclass(frozen=True)
class Figure:
    """One cell. text: the digits, ungrouped, or words. sign: '≈' or '<' before them.

    spread: half-width of the interval, as a share. best: whether no other of its block is shown to be better.
    """

    text: str
    sign: str = ""
    spread: float | None = None
    best: bool = False


@dataclass(frozen=True)
class PaperColumn:
    """One column. title: what it is, without its unit; at: under which heading of a pivot; number: whether it is figures."""

    name: str
    title: str
    unit: str
    at: str
    number: bool
    right: bool
    figures: tuple[Figure, ...]

    @property
    def heading(self) -> str:
        """The title with its unit: 'latency (ms)'."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def whole_heading(self) -> str:
        """The heading with that of the pivot: 'latency (ms) C=64'."""
        return f"{self.heading} {self.at}".rstrip()


@dataclass(frozen=True)
class Paper:
    """Columns of equal length; blocks: how many lines belong together, in order; the sheet behind them."""

    columns: tuple[PaperColumn, ...]
    blocks: tuple[int, ...]
    sheet: Sheet

    @property
    def marks(self) -> bool:
        """Whether anything is marked as the best."""
        return any(figure.best for column in self.columns for figure in column.figures)


def paper(results: Results, columns: Sequence[str] = (), pivot: str = "") -> Paper:
    """Set ``results`` for print; ``columns`` and ``pivot`` as in ``sheet``, and its errors."""
    laid = sheet(results, columns, pivot)
    covered = pivot_key(pivot).covers if pivot else ()
    size = [name for name in SIZE if name not in covered]
    blocks = tuple(len(list(group)) for _, group in groupby(laid.lines, key=lambda line: _values(line, size)))
    rivals: dict[tuple[object, ...], list[int]] = {}
    for number, line in enumerate(laid.lines):
        shared = _values(line, [*size, *(name for name in CONDITIONS if name not in covered)])
        rivals.setdefault(shared, []).append(number)
    scales = _scales(laid)
    made = []
    for place, column in enumerate(laid.columns):
        scale = scales.get(column.name)
        if scale is None:
            made.append(_column(column, "", [Figure(cells[place]) for cells in laid.cells], number=False))
            continue
        figures = [_figure(column, line, scale, results) for line in laid.lines]
        cells = {n: (line, figures[n]) for n, line in enumerate(laid.lines)}
        best = {n for group in rivals.values() for n in _best(column, {n: cells[n] for n in group})}
        unit = f"× {column.name.partition(OVER)[2]}" if OVER in column.name else scale.unit
        made.append(
            _column(column, unit, [replace(f, best=n in best) for n, f in enumerate(figures)], number=True)
        )
    return Paper(tuple(made), blocks, laid)


def _column(column: Column, unit: str, figures: Sequence[Figure], number: bool) -> PaperColumn:
    title = column.title.removesuffix(f" {column.at}") if column.at else column.title
    title = title.partition("/")[0] if OVER in column.name else title
    return PaperColumn(column.name, title, unit, column.at or "", number, column.right, tuple(figures))


def _values(line: Line, names: Sequence[str]) -> tuple[object, ...]:
    return tuple(line.row[name] for name in names)


def _kind(name: str, values: Sequence[object]) -> ScaleKind | None:
    """How figures of a column are scaled; None for what is no figure, or is written in words of its own."""
    written = name in (*IDENTITY, *OTHER_MACS) or "_share" in name
    if written or not values or not all(isinstance(value, int | float) for value in values):
        return None
    if OVER in name:
        return "ratio"
    if name == "efficiency":
        return "share"
    if "bytes" in name:
        return "bytes"
    if name.endswith("_s") and not name.endswith("_per_s"):
        return "seconds"
    return "exact" if all(isinstance(value, int) for value in values) else "plain"


def _scales(laid: Sheet) -> dict[str, Scale]:
    """The scale of every column of figures, the same for all headings of a pivot."""
    rows = [row for line in laid.lines for _, row in line.cells.values()]
    scales = {}
    for name in {column.name for column in laid.columns}:
        values = [row[name] for row in rows if row.get(name) is not None]
        kind = _kind(name, values)
        if kind:
            floor = [row[name] for row in rows if row.get("family") == "floor" and row.get(name) is not None]
            scales[name] = common_scale(kind, values, outliers=floor)
    return scales


def _figure(column: Column, line: Line, scale: Scale, results: Results) -> Figure:
    cell = cell_of(column, line)
    if cell is None or cell[1].get(column.name) is None:
        return Figure("")
    number, row = cell
    text = scale.write(row[column.name])
    about = results.notes.get((number, column.name)) == UNCLEAR
    at_least = column.name == "flops" and row.get("flops_incomplete") == "true"
    sign = text[0] if text[0] == "<" else "≥" if at_least else ABOUT if about else ""
    return Figure(text.removeprefix("<"), sign, _spread(row) if column.name == "latency_s" else None)


def _spread(row: Row) -> float | None:
    value, low, high = row["latency_s"], row.get("latency_ci_low_s"), row.get("latency_ci_high_s")
    if low is None or high is None or not value:
        return None
    return float(max(value - low, high - value) / value)


def _best(column: Column, rivals: Mapping[int, tuple[Line, Figure]]) -> list[int]:
    """Those than which no other is shown to cost less. The identity does not compete, nor what is noisy and has no
    interval; and nobody wins alone."""
    if column.name not in costs():
        return []
    found: dict[int, Row] = {}
    for number, (line, _) in rivals.items():
        cell = cell_of(column, line)
        if cell is None or cell[1].get(column.name) is None or cell[1].get("family") == "floor":
            continue
        if column.name != "latency_s" or cell[1].get("latency_ci_high_s") is not None:
            found[number] = cell[1]
    if len({row[column.name] for row in found.values()}) < 2:
        return []
    first = min(found, key=lambda number: found[number][column.name])
    least, digits = found[first], rivals[first][1].text
    best = [number for number in found if rivals[number][1].text == digits]
    if column.name == "latency_s":
        best += [n for n, row in found.items() if row["latency_ci_low_s"] <= least["latency_ci_high_s"]]
    return best


def printed_cell(column: PaperColumn, figure: Figure) -> str:
    """A cell where one is a line of text: sign, grouped digits, interval."""
    if not column.number:
        return figure.text
    spread = "" if figure.spread is None else f" ± {show_share(figure.spread)}"
    return f"{figure.sign}{group_digits(figure.text)}{spread}"
