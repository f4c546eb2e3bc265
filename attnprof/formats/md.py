"""A Markdown table, for a README or an issue: one unit per column, exact counts."""

from collections.abc import Sequence
from dataclasses import replace

from attnprof.formats import Format, Look
from attnprof.results import Results
from attnprof.views.caption import caption
from attnprof.views.paper import paper, printed_cell
from attnprof.views.sheet import Sheet


def render(results: Results, look: Look) -> tuple[str, list[str]]:
    """The table, footnotes and caption below it."""
    printed = paper(results, look.columns, look.pivot)
    laid = printed.sheet
    named = [replace(c, title=p.whole_heading) for c, p in zip(laid.columns, printed.columns, strict=True)]
    texts = [[printed_cell(column, figure) for figure in column.figures] for column in printed.columns]
    cells = [list(line) for line in zip(*texts, strict=True)]
    return typeset(Sheet(named, cells, laid.footnotes), caption(results, laid.columns)), []


def typeset(laid: Sheet, below: Sequence[str]) -> str:
    """A sheet as Markdown, its footnotes and then the lines ``below`` under it."""
    lines = [
        [_escape(column.title) for column in laid.columns],
        ["--:" if column.right else ":--" for column in laid.columns],
        *([_escape(cell) for cell in cells] for cells in laid.cells),
    ]
    table = [f"| {' | '.join(line)} |" for line in lines]
    escaped = [_escape(line) for line in [*laid.footnotes, *below]]
    return "\n".join([*table, "", *(f"{line}  " for line in escaped)]).rstrip()


def _escape(text: str) -> str:
    return (
        text.replace("\\", "\\\\")
        .replace("|", "\\|")
        .replace("<", "&lt;")
        .replace("*", "\\*")
        .replace("_", "\\_")
    )


FORMAT = Format(help="a Markdown table", render=render)
