"""An HTML table without a page around it, as a notebook shows results: one unit per column, exact counts."""

from html import escape

from attnprof.formats import Format, Look
from attnprof.results import Results
from attnprof.views.caption import caption
from attnprof.views.paper import paper, printed_cell


def render(results: Results, look: Look) -> tuple[str, list[str]]:
    """The table, scrolled where it is long; footnotes and conditions below it."""
    printed = paper(results, look.columns, look.pivot)
    heads = [_cell("th", c.right, c.whole_heading) for c in printed.columns]
    texts = [[_cell("td", c.right, printed_cell(c, figure)) for figure in c.figures] for c in printed.columns]
    rows = [f"<tr>{''.join(cells)}</tr>" for cells in zip(*texts, strict=True)]
    table = (
        f"<table>\n<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody>\n</table>"
    )
    below = [*printed.sheet.footnotes, *caption(results, printed.sheet.columns)]
    said = "<br>\n".join(map(escape, below))
    return f'<div style="max-height:40em;overflow:auto">\n{table}\n</div>\n<p><small>{said}</small></p>', []


def _cell(tag: str, right: bool, text: str) -> str:
    return f'<{tag} style="text-align:{"right" if right else "left"}">{escape(text)}</{tag}>'


FORMAT = Format(help="a table for a notebook or a page of your own", render=render)
