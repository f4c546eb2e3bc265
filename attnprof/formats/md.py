"""A Markdown table, for a README or an issue."""

from collections.abc import Sequence

from attnprof.formats import Format, Look
from attnprof.layout import Sheet, caption, sheet
from attnprof.results import Results


def render(results: Results, look: Look) -> tuple[str, list[str]]:
    """The table, footnotes and caption below it."""
    laid = sheet(results, look.columns)
    return typeset(laid, caption(results, laid.columns)), []


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
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


FORMAT = Format(help="a Markdown table", render=render)
