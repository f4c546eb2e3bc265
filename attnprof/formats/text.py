"""A table for people: aligned, exact counts, as wide as the terminal.

Without one, every column and no decoration.
"""

from collections.abc import Sequence
from textwrap import fill

from attnprof.formats import Document, Format, Look, Written
from attnprof.formats._terminal import Grid, bar, paragraph, styled
from attnprof.records.characters import ascii_of
from attnprof.views.document import TableCell, TableColumn, shortened, words

PROSE = 100  # columns of a sentence where stdout is no terminal
NAME_WIDTHS = (28, 20, 14)  # a longer name is folded onto the next line; figures never are
FOLDED = ("module", "place", "host")  # the columns of names
SHORTEST = 24  # of a name that is shortened
GAP = 2  # between columns
WIDE = 100  # columns of a terminal from which on bars are long
SHORT_BAR, LONG_BAR = 8, 16


def write(document: Document, look: Look) -> Written:
    """Lines above, table, footnotes, lines below; the notes say which columns did not fit."""
    if document.page is not None:
        return document.page(look)
    if document.screen is not None and look.width is not None:
        document = document.screen()
    sections, hidden = _sections(document, look)
    titles = ", ".join(filter(None, dict.fromkeys(hidden)))
    notes = (f"columns hidden (narrow terminal): {titles}",) if titles else ()
    text = "\n\n".join(sections)
    return Written(ascii_of(text) if look.plain else text, notes)


def _sections(document: Document, look: Look) -> tuple[list[str], list[str]]:
    """What is printed of ``document``, and the headings of the columns that did not fit."""
    fitting = _fitting(document, look)
    hidden = [column.heading for n, column in enumerate(document.columns) if n not in fitting]
    sections = [
        _above(document, fitting, look),
        _table(document, fitting, look) if document.columns else "",
        _sentences(document.footnotes, look, "    "),
    ]
    for part in document.parts:
        sections_of_part, hidden_of_part = _sections(part, look)
        sections += sections_of_part
        hidden += hidden_of_part
    sections += [
        _sentences(document.below, look, "  "),
        _sentences(document.findings(), look, "  "),
        _commands(document.commands, look),
    ]
    return list(filter(None, sections)), hidden


def _above(document: Document, shown: Sequence[int], look: Look) -> str:
    """The title, and the lines on the columns that are shown."""
    remarks = document.remarks([document.columns[n] for n in shown])
    lines = [*filter(None, [document.caption, document.title]), *remarks]
    if look.width is None:
        return "\n".join(line.rstrip() for line in lines)
    return paragraph(lines, look, "aside")


def _sentences(lines: Sequence[str], look: Look, indent: str) -> str:
    return "\n".join(_wrapped(line, look, indent) for line in lines)


def _commands(commands: Sequence[str], look: Look) -> str:
    """What to do next, on a terminal: beside each other where they fit, else one below the other."""
    if not commands or look.width is None:
        return ""
    coloured = [styled(command, "command", look) for command in commands]
    if len(f"next: {'    '.join(commands)}") <= look.width:
        return f"next: {'    '.join(coloured)}"
    return "\n".join(["next:", *(f"  {command}" for command in coloured)])


def _table(document: Document, shown: Sequence[int], look: Look) -> str:
    if look.width is None:
        return _plain_table(document, shown, look)
    columns = [document.columns[n] for n in shown]
    folded = [column.name in FOLDED for column in columns]
    widths = _table_widths(document, shown, look)
    grid = Grid(columns, widths, folded, GAP, look)
    if not document.headings:
        return "\n".join([*grid.head(), *_rows(document, document.rows, shown, grid)])
    return "\n\n".join(_block(document, number, shown, grid) for number in range(len(document.blocks)))


def _block(document: Document, number: int, shown: Sequence[int], grid: Grid) -> str:
    """The rows of one block, under its heading."""
    start = sum(document.blocks[:number])
    rows = document.rows[start : start + document.blocks[number]]
    lines = [*grid.head(document.headings[number]), *_rows(document, rows, shown, grid)]
    if document.tails[number]:
        lines.append(paragraph([document.tails[number]], grid.look, "aside"))
    return "\n".join(lines)


def _rows(
    document: Document, rows: Sequence[Sequence[TableCell]], shown: Sequence[int], grid: Grid
) -> list[str]:
    lines = []
    for row in rows:
        whole = [_text(document.columns[n], row[n], grid.look) for n in shown]
        texts = [shortened(*each) for each in zip(grid.columns, whole, grid.widths, strict=True)]
        lines += grid.row(texts, [_style(document.columns[n], row[n], document) for n in shown])
    return lines


def _style(column: TableColumn, cell: TableCell, document: Document) -> str:
    """How a cell stands out; the best does where rows are ranked in blocks, and a bar stands back."""
    if column.bar:
        return "aside"
    return cell.tone or ("best" if cell.best and document.headings else "")


def _text(column: TableColumn, cell: TableCell, look: Look) -> str:
    if column.bar:
        text = "" if cell.value is None else bar(float(cell.value), _bar_width(look), look)
    else:
        text = words(column, cell)
    return ascii_of(text) if look.plain else text


def _bar_width(look: Look) -> int:
    return SHORT_BAR if (look.width or 0) < WIDE else LONG_BAR


def _wrapped(line: str, look: Look, indent: str) -> str:
    return fill(line, look.width or PROSE, subsequent_indent=indent, break_on_hyphens=False)


def _fitting(document: Document, look: Look) -> list[int]:
    """The columns that fit. What tells rows apart never leaves; what stands side by side leaves together."""
    shown = list(range(len(document.columns)))
    while look.width is not None and _narrowest(document, shown, look) > look.width:
        leaving = [n for n in shown if document.columns[n].keep is not None]
        if not leaving:
            break
        first = document.columns[min(leaving, key=lambda n: document.columns[n].keep or 0)].name
        shown = [n for n in shown if document.columns[n].name != first]
    return shown


def _narrowest(document: Document, shown: Sequence[int], look: Look) -> int:
    return sum(_widths(document, shown, NAME_WIDTHS[-1], look)) + GAP * (len(shown) - 1)


def _widths(document: Document, shown: Sequence[int], name_width: int | None, look: Look) -> list[int]:
    """The columns' widths, names folded to ``name_width``."""
    widths = []
    for n in shown:
        column = document.columns[n]
        longest = max([len(column.heading), *(len(_text(column, row[n], look)) for row in document.rows)])
        if column.shorten and name_width is not None:
            longest = min(longest, SHORTEST)
        fold = name_width is not None and column.name in FOLDED
        widths.append(min(longest, max(name_width or 0, len(column.heading))) if fold else longest)
    return widths


def _plain_table(document: Document, shown: Sequence[int], look: Look) -> str:
    """The table where nothing has to fit."""
    columns = [document.columns[n] for n in shown]
    texts = [[column.heading for column in columns]]
    texts += [[_text(document.columns[n], row[n], look) for n in shown] for row in document.rows]
    widths = [max(map(len, own)) for own in zip(*texts, strict=True)]
    lines = []
    for row in texts:
        cells = zip(row, columns, widths, strict=True)
        padded = [text.rjust(width) if column.right else text.ljust(width) for text, column, width in cells]
        lines.append((" " * GAP).join(padded).rstrip())
    return "\n".join(lines)


def _table_widths(document: Document, shown: Sequence[int], look: Look) -> list[int]:
    """The columns' widths on a terminal, names folded as little as it takes to fit."""
    widths = _widths(document, shown, None, look)
    room = (look.width or 0) - GAP * (len(shown) - 1)
    for place, n in enumerate(shown):
        if document.columns[n].shorten:
            widths[place] = min(widths[place], max(SHORTEST, room - sum(widths) + widths[place]))
    for name_width in NAME_WIDTHS:
        if sum(widths) <= room:
            break
        widths = _widths(document, shown, name_width, look)
    return widths


FORMAT = Format(help="a table for people", write=write, endings=(".txt",))
