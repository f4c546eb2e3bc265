r"""A LaTeX table for a paper: rules of booktabs, columns of siunitx, the conditions in the caption.

siunitx (version 2 or 3) groups and aligns the digits; it never rounds them. A table that fits into a column
of a class of two is ``table``; a wider one is ``table*``, which in a class of one column is the same as
``table``. No type is smaller than ``\small``: columns that a page has no room for are left out.
"""

from collections.abc import Sequence
from itertools import accumulate

from attnprof.formats import Document, Format, Look, Written
from attnprof.formats._latex_columns import escape, prose
from attnprof.formats._latex_layout import Layout, fitting
from attnprof.units import KindName
from attnprof.views.document import UnitColumn, in_units

LINES_OF_PAGE, HEADINGS = 48, 4
LETTERS_OF_LINE = 75  # about, in a caption or a footnote
# A longtable's caption is inside of it: it would be set in the type of the figures.
LONG_CAPTION = (
    r"\setlength{\LTcapwidth}{\linewidth}"
    r"\let\attnproftable\tablename\def\tablename{\footnotesize\attnproftable}"
)
LONG = r"a longtable needs one column: in a class of two put \onecolumn before it and \twocolumn behind it"
BOLD = "Bold: best, or tied with the best."
LABEL = "tab:attnprof"
NETWORK = "host"  # a column that stands above its rows, where it says the same in all of them
WORDED: tuple[KindName, ...] = ("text",)  # printed in words; a change is a number here


def write(document: Document, look: Look) -> Written:
    """A float, or a longtable where there are more lines than a page has.

    The packages that it needs, and the columns that it has no room for, are in a comment above it.
    """
    parts = [document, *document.parts]
    with_table = [part for part in parts if part.columns]
    tables = [_table(part, number) for number, part in enumerate(with_table, 1)]
    lines = [] if tables else [escape(line) for line in [*document.remarks(()), *document.below] if line]
    notes = tuple(dict.fromkeys(note for table in tables for note in table.notes))
    return Written("\n\n".join([*(table.text for table in tables), *lines]), notes)


def _table(document: Document, number: int) -> Written:
    """The table of ``document``. number: its place among the parts of a document."""
    blocks = list(document.blocks) or [len(document.rows)]
    networks, columns = _columns(document, blocks)
    fitted = fitting(columns)
    layouts = [layout for _, layout in fitted]
    shown = [column for column in columns if any(column in part for part, _ in fitted)]
    remarks = _left_out(columns, shown)
    caption, notes = document.caption or _sentences(document, shown), _notes(document, shown)
    bodies = [_body(blocks, layout, networks) for layout in layouts]
    is_long = _lines(bodies, caption, notes) > LINES_OF_PAGE
    environment = _long if is_long else _float
    labelled = rf"\caption{{{caption}}}\label{{{_label(document, number)}}}"
    lines = [*_comments(document, is_long, remarks), *environment(layouts, bodies, labelled, notes)]
    return Written("\n".join(lines), remarks)


def _label(document: Document, number: int) -> str:
    """By which the table is referred to: each of several has another one."""
    return document.label or (LABEL if number == 1 else f"{LABEL}-{number}")


def _columns(document: Document, blocks: Sequence[int]) -> tuple[list[str], list[UnitColumn]]:
    """The networks that stand above blocks, and the columns that a page may have."""
    columns = [column for column in in_units(document, WORDED) if column.column.on_page]
    networks = _networks(columns, blocks)
    return networks, [column for column in columns if not (networks and column.column.name == NETWORK)]


def _left_out(columns: Sequence[UnitColumn], shown: Sequence[UnitColumn]) -> tuple[str, ...]:
    """The line that names the columns for which there is no room; none where there is room for all."""
    titles = ", ".join(dict.fromkeys(column.title for column in columns if column not in shown))
    return (f"columns left out (wider than a page): {titles}",) if titles else ()


def _lines(bodies: Sequence[Sequence[str]], caption: str, notes: Sequence[str]) -> int:
    """How many lines of a page the table takes."""
    texts = [caption, *notes]
    return sum(HEADINGS + len(body) for body in bodies) + sum(
        1 + len(text) // LETTERS_OF_LINE for text in texts
    )


def _comments(document: Document, is_long: bool, remarks: Sequence[str]) -> list[str]:
    """What stands above the table: the packages that it needs, where it comes from, what is left out."""
    packages = ["booktabs", "siunitx", *(["longtable"] if is_long else [])]
    needs = "needs " + "".join(rf"\usepackage{{{name}}}" for name in packages)
    origin = [f"printed by {document.origin}"] if document.origin else []
    lines = [needs, *origin, *remarks, *([LONG] if is_long else [])]
    return [f"% {line}" for line in lines]


def _notes(document: Document, columns: Sequence[UnitColumn]) -> list[str]:
    """The paragraphs below the table: the conditions where the caption is the author's, and the footnotes."""
    conditions = _sentences(document, columns) if document.caption and document.above else ""
    paragraphs = [*([conditions] if conditions else []), *map(prose, document.footnotes)]
    notes = [rf"\par{{\raggedright\footnotesize {paragraph}\par}}" for paragraph in paragraphs]
    return [r"\par\smallskip", *notes] if notes else []


def _sentences(document: Document, columns: Sequence[UnitColumn]) -> str:
    """The lines above and below the table, and what bold type means."""
    title = [document.title] if document.title else []
    lines = [*title, *document.remarks(column.column for column in columns), *document.below]
    if any(figure.best for column in columns for figure in column.figures):
        lines.append(BOLD)
    return " ".join(prose(line.strip().removesuffix(".")) + "." for line in lines if line)


def _float(
    layouts: Sequence[Layout], bodies: Sequence[list[str]], caption: str, notes: Sequence[str]
) -> list[str]:
    name = "table" if all(layout.is_narrow for layout in layouts) else "table*"
    lines = [
        rf"\begin{{{name}}}",
        r"\setlength{\belowcaptionskip}{\abovecaptionskip}\centering",
        caption,
    ]
    for number, (layout, body) in enumerate(zip(layouts, bodies, strict=True)):
        lines += [r"\par\medskip"] if number else []
        lines += [layout.setup, rf"\begin{{tabular}}{{{layout.kinds}}}"]
        lines += [*layout.head, *body, r"\bottomrule", r"\end{tabular}"]
    return [*lines, *notes, rf"\end{{{name}}}"]


def _long(
    layouts: Sequence[Layout], bodies: Sequence[list[str]], caption: str, notes: Sequence[str]
) -> list[str]:
    lines = [r"\begingroup" + LONG_CAPTION]
    for number, (layout, body) in enumerate(zip(layouts, bodies, strict=True)):
        lines += [layout.setup, rf"\begin{{longtable}}{{{layout.kinds}}}"]
        lines += [] if number else [caption + r"\\"]
        lines += [*layout.head, r"\endfirsthead", *layout.head, r"\endhead", r"\bottomrule", r"\endfoot"]
        lines += [*body, r"\end{longtable}"]
    return [*lines, *notes, r"\endgroup"]


def _networks(columns: Sequence[UnitColumn], blocks: Sequence[int]) -> list[str]:
    """The network of each block, to stand above it; nothing where a block has none, or several."""
    figures = next((column.figures for column in columns if column.column.name == NETWORK), ())
    of_blocks = [{figure.digits for figure in figures[rows]} for rows in _slices(blocks)]
    return [min(names) for names in of_blocks] if all(len(names) == 1 for names in of_blocks) else []


def _body(blocks: Sequence[int], layout: Layout, networks: Sequence[str]) -> list[str]:
    """The lines, with a gap between blocks, and above each block its network."""
    cells = zip(*(column.cells for column in layout.columns), strict=True)
    rows = [" & ".join(row).rstrip() + r" \\" for row in cells]
    body: list[str] = []
    for number, own in enumerate(_slices(blocks)):
        gap = [r"\addlinespace"] if number else []
        title = [_title(networks[number], len(layout.columns))] if networks else []
        body += [*gap, *title, *rows[own]]
    return body


def _slices(blocks: Sequence[int]) -> list[slice]:
    """The places of each block's rows."""
    ends = list(accumulate(blocks))
    return [slice(end - size, end) for size, end in zip(blocks, ends, strict=True)]


def _title(network: str, columns: int) -> str:
    return rf"\multicolumn{{{columns}}}{{@{{}}l@{{}}}}{{\emph{{{escape(network)}}}}} \\"


FORMAT = Format(help="a LaTeX table: booktabs, siunitx", write=write, endings=(".tex",))
