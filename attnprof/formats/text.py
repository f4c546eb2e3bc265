"""A table for people: aligned, exact counts, as wide as the terminal; without one, every column and no decoration."""

import re
from collections.abc import Callable, Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attnprof.formats import Format, Look
from attnprof.results import Results
from attnprof.results.columns import Column
from attnprof.views.caption import caption
from attnprof.views.sheet import Sheet, sheet

NAME_WIDTHS = (28, 20, 14)  # a longer name is folded onto the next line; figures never are
GAP = 2  # between columns


def render(results: Results, look: Look) -> tuple[str, list[str]]:
    """Caption, table, footnotes; the notes say which columns did not fit."""
    return typeset(sheet(results, look.columns, look.pivot), lambda kept: caption(results, kept), look)


def typeset(
    laid: Sheet, head: Callable[[Sequence[Column]], Sequence[str]], look: Look
) -> tuple[str, list[str]]:
    """A sheet as text below the lines that ``head`` writes for the columns kept, and what did not fit."""
    table, dropped = _fit(laid, look)
    kept = [column for column in laid.columns if column not in dropped]
    out = StringIO()
    console = Console(
        file=out,
        width=look.width or 10_000,
        force_terminal=look.colour,
        color_system="standard" if look.colour else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    for line in head(kept):
        console.print(Text(line, style="dim"), soft_wrap=look.width is None)
    console.print()
    console.print(table)
    if laid.footnotes:
        console.print()
    for line in laid.footnotes:
        console.print(Text(line), soft_wrap=look.width is None)
    text = re.sub(r"[ \t]+$", "", out.getvalue(), flags=re.MULTILINE).rstrip("\n")
    notes = [f"not shown for want of width: {', '.join(c.title for c in dropped)}"] if dropped else []
    return text, notes


def _fit(laid: Sheet, look: Look) -> tuple[Table, list[Column]]:
    """The table that fits, names folded first, then columns dropped; and the columns that were."""
    if look.width is None:
        return _table(laid, range(len(laid.columns)), None), []
    kept = list(range(len(laid.columns)))
    dropped: list[Column] = []
    while True:
        for name_width in NAME_WIDTHS:
            table = _table(laid, kept, name_width)
            if (
                len({laid.columns[n].name for n in kept}) == 1
                or Console(width=10_000).measure(table).maximum <= look.width
            ):
                return table, dropped
        least = laid.columns[min(kept, key=lambda n: laid.columns[n].keep)]
        # What stands side by side goes together.
        gone = [n for n in kept if laid.columns[n].name == least.name]
        kept = [n for n in kept if n not in gone]
        dropped += [laid.columns[n] for n in gone]


def _table(laid: Sheet, kept: Sequence[int], name_width: int | None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for n in kept:
        column = laid.columns[n]
        longest = max([len(column.title), *(len(cells[n]) for cells in laid.cells)])
        fold = column.name == "module" and name_width is not None
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not fold,
            overflow="fold",
            width=min(longest, name_width) if fold and name_width else longest,
        )
    for cells in laid.cells:
        table.add_row(*(Text(cells[n]) for n in kept))
    return table


FORMAT = Format(help="a table for people", render=render)
