"""The catalogue's closed forms as a table: params, MACs and FLOPs as polynomials in C, H and W."""

from collections.abc import Iterable, Sequence
from functools import partial
from textwrap import wrap

from attnprof.catalogue.selection import ConfiguredModule
from attnprof.errors import UsageError
from attnprof.explaining.explanation import Form
from attnprof.grid import Point, show_res
from attnprof.planning import plan
from attnprof.running.inquiry import Inquiry
from attnprof.spec import Spec
from attnprof.views.document import Document, Look, TableCell, TableColumn, Written

TITLES = ("params", "MACs", "FLOPs")
NONE = "no polynomial"


def rows(choices: Iterable[ConfiguredModule], at: Point) -> list[list[str]]:
    """[module, params, MACs, FLOPs, for which sizes] of each choice, around the size ``at``."""
    point = f"{at[0]}@{show_res(at[1:])}"
    table = []
    with Inquiry() as inquiry:
        for choice in choices:
            title = f"{choice.module}({choice.variant})" if choice.variant else choice.module
            cell = plan(Spec(modules=[title], points=[point], no_latency=True), "meta").cells[0]
            if cell.refusal:
                table.append([title, "", "", "", f"not at {point}: {cell.refusal}"])
                continue
            try:
                forms = inquiry.forms(cell.case, around=True)
            except UsageError as problem:
                table.append([title, "", "", "", str(problem)])
                continue
            table.append(
                [
                    title,
                    *(form.pieces[0].polynomial if form.pieces else NONE for form in forms),
                    _where(forms),
                ]
            )
    return table


def _where(forms: Iterable[Form]) -> str:
    """What has to hold for all of a row's polynomials to hold."""
    wheres = [piece.where for form in forms for piece in form.pieces]
    return "; ".join(dict.fromkeys(part for where in wheres for part in where.split("; ") if part))


def document(rows: Sequence[Sequence[str]]) -> Document:
    """The closed forms: a row for each module."""
    titles = ("module", *TITLES, "for")
    columns = [
        TableColumn(title, title, "code" if title in TITLES else "text", right=False) for title in titles
    ]
    cells = [
        [TableCell(note=text) if text == NONE else TableCell(text or None) for text in row] for row in rows
    ]
    return Document(columns=columns, rows=cells, page=partial(_page, rows))


def _page(rows: Sequence[Sequence[str]], look: Look) -> Written:
    """Columns where they fit, else a few lines for each module."""
    table = [["module", *TITLES, "for"], *rows]
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]
    if look.width is None or sum(widths) + 2 * (len(widths) - 1) <= look.width:
        return Written("\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in table))
    lines: list[str] = []
    for name, *rest in rows:
        lines.append(name)
        for title, text in zip((*TITLES, "for"), rest, strict=True):
            before = f"  {title:6}  "
            lines += wrap(text, look.width, initial_indent=before, subsequent_indent=" " * 12)
    return Written("\n".join(lines))
