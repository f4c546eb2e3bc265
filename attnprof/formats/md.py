"""A Markdown table, for a README or an issue: one unit per column, exact counts."""

from collections.abc import Sequence

from attnprof.formats import Document, Format, Look, Written
from attnprof.views.document import Figure, UnitColumn, in_units

SPECIAL = {"\\": "\\\\", "|": "\\|", "<": "&lt;", "*": "\\*", "_": "\\_"}
IN_CODE = "`|\\"  # ends a piece of code, or the cell that it stands in
AT_END = "  "  # breaks a line


def write(document: Document, look: Look) -> Written:
    """The table; footnotes, the lines above and the lines below under it."""
    return Written("\n\n".join(_sections(document)))


def _sections(document: Document) -> list[str]:
    sections = [f"### {escape(document.title)}"] if document.title else []
    sections += [escape(document.caption)] if document.caption else []
    under = [*document.footnotes, *document.remarks(document.columns)]
    if document.columns:
        sections.append("\n".join(_table(document)))
    lines = [*under, *([] if document.parts else document.below)]
    if lines:
        sections.append(_lines(lines))
    for part in document.parts:
        sections += _sections(part)
    if document.parts and document.below:
        sections.append(_lines(document.below))
    return sections


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(f"{escape(line)}{AT_END}" if line else "" for line in lines).rstrip()


def _table(document: Document) -> list[str]:
    columns = in_units(document)
    texts = [[_cell(column, figure) for figure in column.figures] for column in columns]
    rows = [
        [escape(column.heading) for column in columns],
        ["--:" if column.column.right else ":--" for column in columns],
        *zip(*texts, strict=True),
    ]
    return [f"| {' | '.join(row)} |" for row in rows]


def _cell(column: UnitColumn, figure: Figure) -> str:
    if column.column.kind == "code" and figure.digits and not any(each in figure.digits for each in IN_CODE):
        return f"`{figure.digits}`"
    return escape(figure.line)


def escape(text: str) -> str:
    """``text`` as Markdown prints it, without a link."""
    return "".join(SPECIAL.get(character, character) for character in text).replace("](", "]\\(")


FORMAT = Format(help="a Markdown table", write=write, endings=(".md", ".markdown"))
