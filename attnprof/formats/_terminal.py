"""Styled lines and tables for a terminal, by rich."""

import re
from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attnprof.formats import Look
from attnprof.views.document import TableColumn


def lines(texts: Sequence[str], look: Look) -> str:
    """Lines in a dim style, wrapped at the terminal's width."""
    return _printed([Text(text, style="dim") for text in texts], look)


def table(
    columns: Sequence[TableColumn],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    folded: Sequence[bool],
    gap: int,
    look: Look,
) -> str:
    """A table under a bold heading. folded: columns whose texts may take several lines."""
    grid = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for column, width, folds in zip(columns, widths, folded, strict=True):
        justify = "right" if column.right else "left"
        grid.add_column(
            column.heading,
            justify=justify,  # type: ignore[arg-type] # a literal
            no_wrap=not folds,
            overflow="fold",
            width=width,
        )
    for row in rows:
        grid.add_row(*map(Text, row))
    return _printed([grid], look)


def _printed(parts: Sequence[Text | Table], look: Look) -> str:
    out = StringIO()
    console = Console(
        file=out,
        width=look.width,
        force_terminal=look.colour,
        color_system="standard" if look.colour else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    for part in parts:
        console.print(part)
    return re.sub(r"[ \t]+$", "", out.getvalue(), flags=re.MULTILINE).rstrip("\n")
