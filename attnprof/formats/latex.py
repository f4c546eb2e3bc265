"""A LaTeX table for a paper: rules of booktabs, columns of siunitx, the conditions in the caption.

siunitx (version 2 or 3) groups and aligns the digits; it never rounds them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from attnprof.formats import Document, Format, Look, Written
from attnprof.views.document import Figure, UnitColumn, in_units, shortened

ON_ONE_PAGE = 45  # lines; a longer table is broken across pages
UNITS = {
    "s": r"\second", "ms": r"\milli\second", "µs": r"\micro\second", "ns": r"\nano\second",
    "B": r"\byte", "KiB": r"\kibi\byte", "MiB": r"\mebi\byte", "GiB": r"\gibi\byte", "TiB": r"\tebi\byte",
    "%": r"\percent", "1/s": r"\per\second",
}  # fmt: skip
SIGNS = {"≈": r"{$\approx$} ", "≥": r"{$\geq$} "}
SIGN_WIDTH = 2  # in digits
LONGEST_NAME = 60  # characters, of a name that can be shortened
TEXT_WIDTH = 345  # points, of LaTeX's article
SIZES = (
    ("small", 4.63, 5.0),
    ("footnotesize", 4.25, 4.0),
    ("scriptsize", 3.99, 3.0),
    ("tiny", 3.41, 1.2),
    ("tiny", 3.41, 0.6),
)  # a digit's width in Computer Modern, \tabcolsep
SPECIAL = {
    **{character: "\\" + character for character in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", '"': "''"},
    **{
        "<": "$<$",
        ">": "$>$",
        "|": "$|$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "≈": r"$\approx$",
        "≥": r"$\geq$",
    },
    **{"\u202f": r"\,", "µ": r"$\mu$"},
}
# In text mode, with a bold whose digits are as wide as the others', bold figures stay aligned.
SETUP = r"\sisetup{mode=text, detect-weight=true, group-minimum-digits=4}"
BEST = r"\providecommand*{\best}{\fontseries{b}\selectfont}"
# A longtable's caption is inside of it: it would be set in the type of the figures.
LONG_CAPTION = (
    r"\setlength{\LTcapwidth}{\linewidth}"
    r"\let\attnproftable\tablename\def\tablename{\footnotesize\attnproftable}"
)
BOLD = "Bold: best, or tied with the best."


@dataclass(frozen=True)
class _Set:
    """One column as LaTeX sets it."""

    group: str  # the heading above its own that it shares with others; empty: none
    heading: str
    kind: str  # in the table's preamble
    cells: list[str]
    width: float  # in digits, of its longest cell or heading

    @property
    def group_width(self) -> int:
        """The length of the group's heading as it is printed."""
        return len(re.sub(r"\\(?:si|times|micro|milli|kibi|mebi)|[\\\\{}$]", "", self.group))


def write(document: Document, look: Look) -> Written:
    """A float, or a longtable where there are many lines.

    The packages that it needs are in a comment above it.
    """
    parts = [document, *document.parts]
    tables = [table for part in parts if part.columns for table in [_table(part)]]
    lines = [] if tables else [escape(line) for line in [*document.remarks(()), *document.below] if line]
    return Written("\n\n".join([*tables, *lines]))


def _table(document: Document) -> str:
    columns = [column for column in in_units(document) if column.column.on_page]
    sets = _sets(columns)
    blocks = list(document.blocks) or [len(document.rows)]
    is_long = sum(blocks) > ON_ONE_PAGE
    environment = _long if is_long else _float
    text = rf"\caption{{{_sentences(document, columns)}}}\label{{tab:attnprof}}"
    lines = environment(sets, _body(blocks, sets), text, _notes(document))
    return "\n".join([*_comments(document, is_long), *lines])


def _comments(document: Document, is_long: bool) -> list[str]:
    """What stands above the table: the packages that it needs, and where it comes from."""
    packages = ["booktabs", "siunitx", *(["longtable"] if is_long else [])]
    needs = "% needs " + "".join(rf"\usepackage{{{name}}}" for name in packages)
    return [needs, f"% printed by {document.origin}"] if document.origin else [needs]


def _sets(columns: Sequence[UnitColumn]) -> list[_Set]:
    """The columns as LaTeX sets them, a column and its ratio in one group."""
    related = {column.column.title for column in columns if column.column.baseline and not column.column.at}
    return [each for column in columns for each in _set(column, column.column.title in related)]


def _notes(document: Document) -> list[str]:
    """The footnotes, each a paragraph below the table."""
    notes = [rf"\par{{\raggedright\footnotesize {escape(line)}\par}}" for line in document.footnotes]
    return [r"\par\smallskip", *notes] if notes else []


def _sentences(document: Document, columns: Sequence[UnitColumn]) -> str:
    """The caption: the lines above and below the table, and what bold type means."""
    title = [document.title] if document.title else []
    lines = [*title, *document.remarks(column.column for column in columns), *document.below]
    if any(figure.best for column in columns for figure in column.figures):
        lines.append(BOLD)
    return " ".join(escape(line.strip().removesuffix(".")) + "." for line in lines if line)


def _float(columns: Sequence[_Set], body: list[str], text: str, notes: list[str]) -> list[str]:
    start = [r"\begin{table}", r"\setlength{\belowcaptionskip}{\abovecaptionskip}\centering", text]
    start += [_setup(columns), rf"\begin{{tabular}}{{{_kinds(columns)}}}"]
    table = [r"\toprule", *_head(columns), r"\midrule", *body, r"\bottomrule"]
    return [*start, *table, r"\end{tabular}", *notes, r"\end{table}"]


def _long(columns: Sequence[_Set], body: list[str], text: str, notes: list[str]) -> list[str]:
    start = [r"\begingroup" + _setup(columns), LONG_CAPTION]
    head = [r"\toprule", *_head(columns), r"\midrule"]
    first = [rf"\begin{{longtable}}{{{_kinds(columns)}}}", text + r"\\", *head, r"\endfirsthead"]
    again = [*head, r"\endhead", r"\bottomrule", r"\endfoot"]
    return [*start, *first, *again, *body, r"\end{longtable}", *notes, r"\endgroup"]


def _setup(columns: Sequence[_Set]) -> str:
    """The largest type in which the table is as wide as a page's text, and how figures are set in it."""
    digits = sum(column.width for column in columns) + _wider_groups(columns)
    fitting = (size for size in SIZES if digits * size[1] + 2 * len(columns) * size[2] <= TEXT_WIDTH)
    size, _, gap = next(fitting, SIZES[-1])
    return rf"\{size}\setlength{{\tabcolsep}}{{{gap:g}pt}}{SETUP}{BEST}"


def _wider_groups(columns: Sequence[_Set]) -> float:
    """By how many digits the headings of groups are wider than the columns below them."""
    wider = 0.0
    for _, group in groupby(columns, key=lambda column: column.group):
        same = list(group)
        wider += max(0.0, 0.95 * same[0].group_width - sum(column.width for column in same))
    return wider


def _kinds(columns: Sequence[_Set]) -> str:
    return "@{}" + "".join(column.kind for column in columns) + "@{}"


def _body(blocks: Sequence[int], columns: Sequence[_Set]) -> list[str]:
    """The lines, with a gap between blocks."""
    body = [" & ".join(cells).rstrip() + r" \\" for cells in zip(*(c.cells for c in columns), strict=True)]
    for start in list(accumulate(blocks))[:-1]:
        body[start] = r"\addlinespace" + "\n" + body[start]
    return body


def _head(columns: Sequence[_Set]) -> list[str]:
    """One line of headings; a second one above where columns stand in groups."""
    head = [" & ".join(f"{{{column.heading}}}" for column in columns) + r" \\"]
    groups = [(name, len(list(same))) for name, same in groupby(columns, key=lambda column: column.group)]
    if not any(name for name, _ in groups):
        return head
    above, rules, first = [], [], 1
    for name, width in groups:
        above.append(rf"\multicolumn{{{width}}}{{c}}{{{name}}}" if name else " & " * (width - 1))
        rules += [rf"\cmidrule(lr){{{first}-{first + width - 1}}}"] if name else []
        first += width
    return [" & ".join(above) + r" \\", "".join(rules), *head]


def _set(column: UnitColumn, related: bool) -> list[_Set]:
    """The column, and that of its intervals where it has some.

    related: it stands in a group with its ratio.
    """
    group, heading, words = _headings(column, related)
    texts = [figure.digits for figure in column.figures]
    if not column.number:
        kind = "r" if column.column.right else "l"
        texts = [shortened(column.column, text, LONGEST_NAME) for text in texts]
        return [_Set(group, heading, kind, list(map(escape, texts)), max(map(len, [*texts, words])))]
    whole, decimals = _digits(texts)
    signed = any(figure.sign for figure in column.figures)
    cells = [_figure(figure) for figure in column.figures]
    longest = max(_length(words), _longest_word(column))
    sets = [_numbers(group, heading, whole, decimals, cells, longest, signed)]
    if any(figure.spread is not None for figure in column.figures):
        spreads = [_percent(figure) for figure in column.figures]
        sets.append(_numbers(group, r"$\pm$ (\%)", *_digits(spreads), spreads, 5))
    return sets


def _headings(column: UnitColumn, related: bool) -> tuple[str, str, str]:
    """The heading of the group, the column's own, and the same in words."""
    at, title = column.column.at, column.column.title
    if at:
        return _with_unit(column), escape(at), at
    if related:
        return escape(title), _unit(column) or "number", column.unit or "number"
    return "", _with_unit(column), column.title


def _numbers(
    group: str, heading: str, whole: int, decimals: int, cells: list[str], words: float, signed: bool = False
) -> _Set:
    """A column of figures with so many digits before and after the point; words: how long its heading is."""
    width = whole + whole // 3 * 0.4 + decimals + 0.5 * bool(decimals) + SIGN_WIDTH * signed
    room = r", table-space-text-pre={$\approx$}" * signed
    return _Set(group, heading, f"S[table-format={whole}.{decimals}{room}]", cells, max(width, 0.95 * words))


def _length(words: str) -> float:
    """How long a heading is, in characters.

    An equals sign and the capital before it are wider than others.
    """
    return len(words) + 1.2 * words.count("=")


def _longest_word(column: UnitColumn) -> int:
    """How long the longest word in the place of a figure is."""
    return max((len(figure.note) for figure in column.figures if not figure.digits), default=0)


def _digits(numbers: Sequence[str]) -> tuple[int, int]:
    """The most digits before and after the point."""
    parts = [number.partition(".") for number in numbers if number]
    return max((len(p[0]) for p in parts), default=1), max((len(p[2]) for p in parts), default=0)


def _figure(figure: Figure) -> str:
    if not figure.digits and figure.note:  # a word in the place of a figure
        return f"{{{escape(figure.note)}}}"
    best = r"\best " if figure.best and figure.digits else ""
    return SIGNS.get(figure.sign, "") + best + figure.digits


def _percent(figure: Figure) -> str:
    return "" if figure.spread is None else f"{100 * figure.spread:.1f}"


def _with_unit(column: UnitColumn) -> str:
    title = escape(column.column.title)
    return title if column.title == column.column.title else f"{title} ({_unit(column)})"


def _unit(column: UnitColumn) -> str:
    return rf"\si{{{UNITS[column.unit]}}}" if column.unit in UNITS else escape(column.unit)


def escape(text: str) -> str:
    """``text`` as LaTeX prints it, in text mode."""
    return re.sub(r"\b(\d+)x(\d+)\b", r"$\1\\times\2$", "".join(SPECIAL.get(each, each) for each in text))


FORMAT = Format(help="a LaTeX table: booktabs, siunitx", write=write, endings=(".tex",))
