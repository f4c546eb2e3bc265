"""A table for people: aligned, exact counts, as wide as the terminal.

Without one, every column and no decoration.
"""

import re
from collections.abc import Sequence
from io import StringIO
from textwrap import fill

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attnprof.formats import Document, Format, Look, Written
from attnprof.views.document import TableColumn, words

NAME_WIDTHS = (28, 20, 14)  # a longer name is folded onto the next line; figures never are
FOLDED = ("module", "place", "host")  # the columns of names
GAP = 2  # between columns
WIDEST = 10_000  # where nothing has to fit


def write(document: Document, look: Look) -> Written:
    """Lines above, table, footnotes, lines below; the notes say which columns did not fit."""
    if document.page is not None:
        return document.page(look)
    sections: list[str] = []
    hidden = _sections(document, look, sections)
    titles = ", ".join(dict.fromkeys(hidden))
    notes = (f"columns hidden (narrow terminal): {titles}",) if hidden else ()
    return Written("\n\n".join(sections), notes)


def _sections(document: Document, look: Look, sections: list[str]) -> list[str]:
    """Append what is printed of ``document`` to ``sections``.

    The headings of the columns that did not fit.
    """
    fitting = _fitting(document, look)
    shown = [document.columns[n] for n in fitting]
    hidden = [column.heading for n, column in enumerate(document.columns) if n not in fitting]
    above = [*([document.title] if document.title else []), *document.remarks(shown)]
    if above:
        sections.append(_printed([Text(line, style="dim") for line in above], look))
    if document.columns:
        sections.append(_printed([_table(document, fitting, look)], look))
    if document.footnotes:
        sections.append("\n".join(_wrapped(line, look, "    ") for line in document.footnotes))
    for part in document.parts:
        hidden += _sections(part, look, sections)
    if document.below:
        sections.append("\n".join(_wrapped(line, look, "  ") for line in document.below))
    return hidden


def _wrapped(line: str, look: Look, indent: str) -> str:
    return fill(line, look.width, subsequent_indent=indent) if look.width else line


def _printed(parts: Sequence[Text | Table], look: Look) -> str:
    out = StringIO()
    console = Console(
        file=out,
        width=look.width or WIDEST,
        force_terminal=look.colour,
        color_system="standard" if look.colour else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    for part in parts:
        console.print(part, soft_wrap=look.width is None and isinstance(part, Text))
    return re.sub(r"[ \t]+$", "", out.getvalue(), flags=re.MULTILINE).rstrip("\n")


def _fitting(document: Document, look: Look) -> list[int]:
    """The columns that fit. What tells rows apart never leaves; what stands side by side leaves together."""
    shown = list(range(len(document.columns)))
    while look.width is not None and _narrowest(document, shown) > look.width:
        leaving = [n for n in shown if document.columns[n].keep is not None]
        if not leaving:
            break
        first = document.columns[min(leaving, key=lambda n: document.columns[n].keep or 0)].name
        shown = [n for n in shown if document.columns[n].name != first]
    return shown


def _narrowest(document: Document, shown: Sequence[int]) -> int:
    return sum(_widths(document, shown, NAME_WIDTHS[-1])) + GAP * (len(shown) - 1)


def _widths(document: Document, shown: Sequence[int], name_width: int | None) -> list[int]:
    """The columns' widths, names folded to ``name_width``."""
    widths = []
    for n in shown:
        column = document.columns[n]
        longest = max([len(column.heading), *(len(words(column, row[n])) for row in document.rows)])
        fold = name_width is not None and column.name in FOLDED
        widths.append(min(longest, max(name_width or 0, len(column.heading))) if fold else longest)
    return widths


def _table(document: Document, shown: Sequence[int], look: Look) -> Table:
    """The table, names folded as little as it takes to fit."""
    widths = _widths(document, shown, None)
    for name_width in NAME_WIDTHS if look.width is not None else ():
        widths = _widths(document, shown, name_width)
        if sum(widths) + GAP * (len(shown) - 1) <= (look.width or WIDEST):
            break
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for n, width in zip(shown, widths, strict=True):
        _add_column(table, document.columns[n], width)
    for row in document.rows:
        table.add_row(*(Text(words(document.columns[n], row[n])) for n in shown))
    return table


def _add_column(table: Table, column: TableColumn, width: int) -> None:
    table.add_column(
        column.heading,
        justify="right" if column.right else "left",
        no_wrap=column.name not in FOLDED,
        overflow="fold",
        width=width,
    )


FORMAT = Format(help="a table for people", write=write)
