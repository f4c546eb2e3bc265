"""An HTML table without a page around it, as a notebook shows results: one unit per column, exact counts."""

from html import escape
from typing import TYPE_CHECKING

from attnprof.formats import Document, Format, Look, Written
from attnprof.views.document import in_units

if TYPE_CHECKING:
    from attnprof.results import Results


def write(document: Document, look: Look) -> Written:
    """The table, scrolled where it is long; footnotes and lines below it."""
    text = "\n".join(_sections(document))
    return Written(text.encode("ascii", "xmlcharrefreplace").decode() if look.plain else text)


def of_results(results: "Results") -> str:
    """The table of ``results``, for a notebook."""
    from attnprof.views.run import document as document_of  # pandas, which other documents do without

    return write(document_of(results), Look()).text


def _sections(document: Document) -> list[str]:
    sections = [f"<h3>{escape(document.title)}</h3>"] if document.title else []
    if document.columns:
        sections.append(f'<div style="max-height:40em;overflow:auto">\n{_table(document)}\n</div>')
    sections += _small([*document.footnotes, *document.remarks(document.columns)])
    for part in document.parts:
        sections += _sections(part)
    return sections + _small([line for line in [*document.below, *document.findings()] if line])


def _small(lines: list[str]) -> list[str]:
    text = "<br>\n".join(map(escape, lines))
    return [f"<p><small>{text}</small></p>"] if lines else []


def _table(document: Document) -> str:
    columns = in_units(document)
    head = "".join(_cell("th", column.column.right, column.heading) for column in columns)
    texts = [
        [_cell("td", column.column.right, figure.line) for figure in column.figures] for column in columns
    ]
    rows = [f"<tr>{''.join(cells)}</tr>" for cells in zip(*texts, strict=True)]
    body = "\n".join(rows)
    caption = f"<caption>{escape(document.caption)}</caption>\n" if document.caption else ""
    return f"<table>\n{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _cell(tag: str, right: bool, text: str) -> str:
    """A cell that no page's own rules wrap, its digits of one width."""
    side = "right" if right else "left"
    style = f"text-align:{side};white-space:nowrap;font-variant-numeric:tabular-nums"
    return f'<{tag} style="{style}">{escape(text)}</{tag}>'


FORMAT = Format(help="a table for a notebook or a page of your own", write=write, endings=(".html", ".htm"))
