"""A table for people: aligned, exact counts, as wide as the terminal; without one, every column and no decoration."""

import re
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attnprof.formats import Format, Look
from attnprof.layout import Column, Sheet, sheet
from attnprof.results import Results

NAME_WIDTH = 28  # a longer name is folded onto the next line; figures never are


def render(results: Results, look: Look) -> tuple[str, list[str]]:
    """Caption, table, footnotes; the notes say which columns did not fit."""
    laid = sheet(results, tuple(look.columns))
    table, dropped = _fit(laid, look)
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
    for line in laid.caption:
        console.print(Text(line, style="dim"), soft_wrap=look.width is None)
    console.print()
    console.print(table)
    for line in laid.footnotes:
        console.print(Text(line), soft_wrap=look.width is None)
    text = re.sub(r"[ \t]+$", "", out.getvalue(), flags=re.MULTILINE).rstrip("\n")
    notes = [f"not shown, for want of width: {', '.join(c.title for c in dropped)}"] if dropped else []
    return text, notes


def _fit(laid: Sheet, look: Look) -> tuple[Table, list[Column]]:
    kept, dropped = list(range(len(laid.columns))), []
    while look.width is not None and len(kept) > 1 and _width(laid, kept, look.width) > look.width:
        least = min(kept, key=lambda n: laid.columns[n].keep)
        kept.remove(least)
        dropped.append(laid.columns[least])
    return _table(laid, kept, look.width), dropped


def _width(laid: Sheet, kept: list[int], limit: int) -> int:
    return Console(width=10_000).measure(_table(laid, kept, limit)).maximum


def _table(laid: Sheet, kept: list[int], width: int | None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for n in kept:
        column = laid.columns[n]
        longest = max([len(column.title), *(len(cells[n]) for cells in laid.cells)])
        fold = column.name == "module" and width is not None
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not fold,
            overflow="fold",
            width=min(longest, NAME_WIDTH) if fold else longest,
        )
    for cells in laid.cells:
        table.add_row(*(Text(cells[n]) for n in kept))
    return table


FORMAT = Format(help="a table for people", render=render)
