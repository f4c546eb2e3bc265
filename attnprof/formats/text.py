"""A table for people: aligned, exact counts, as wide as the terminal.

Without one, every column and no decoration.
"""

from collections.abc import Sequence
from textwrap import fill

from attnprof.formats import Document, Format, Look, Written
from attnprof.views.document import words

PROSE = 100  # columns of a sentence where stdout is no terminal
NAME_WIDTHS = (28, 20, 14)  # a longer name is folded onto the next line; figures never are
FOLDED = ("module", "place", "host")  # the columns of names
GAP = 2  # between columns


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
        sections.append(_lines(above, look))
    if document.columns:
        sections.append(_table(document, fitting, look))
    if document.footnotes:
        sections.append("\n".join(_wrapped(line, look, "    ") for line in document.footnotes))
    for part in document.parts:
        hidden += _sections(part, look, sections)
    if document.below:
        sections.append("\n".join(_wrapped(line, look, "  ") for line in document.below))
    return hidden


def _lines(lines: Sequence[str], look: Look) -> str:
    if look.width is None:
        return "\n".join(line.rstrip() for line in lines)
    from attnprof.formats import _terminal  # rich, which only a terminal needs

    return _terminal.lines(lines, look)


def _table(document: Document, shown: Sequence[int], look: Look) -> str:
    if look.width is None:
        return _plain_table(document, shown)
    from attnprof.formats import _terminal  # rich, which only a terminal needs

    columns = [document.columns[n] for n in shown]
    rows = [[words(document.columns[n], row[n]) for n in shown] for row in document.rows]
    folded = [column.name in FOLDED for column in columns]
    return _terminal.table(columns, rows, _table_widths(document, shown, look.width), folded, GAP, look)


def _wrapped(line: str, look: Look, indent: str) -> str:
    return fill(line, look.width or PROSE, subsequent_indent=indent)


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


def _plain_table(document: Document, shown: Sequence[int]) -> str:
    """The table where nothing has to fit."""
    widths = _widths(document, shown, None)
    columns = [document.columns[n] for n in shown]
    texts = [[column.heading for column in columns]]
    texts += [[words(document.columns[n], row[n]) for n in shown] for row in document.rows]
    lines = []
    for row in texts:
        cells = zip(row, columns, widths, strict=True)
        padded = [text.rjust(width) if column.right else text.ljust(width) for text, column, width in cells]
        lines.append((" " * GAP).join(padded).rstrip())
    return "\n".join(lines)


def _table_widths(document: Document, shown: Sequence[int], width: int) -> list[int]:
    """The columns' widths on a terminal of ``width``, names folded as little as it takes to fit."""
    widths = _widths(document, shown, None)
    for name_width in NAME_WIDTHS:
        widths = _widths(document, shown, name_width)
        if sum(widths) + GAP * (len(shown) - 1) <= width:
            break
    return widths


FORMAT = Format(help="a table for people", write=write)
