"""A LaTeX table for a paper: rules of booktabs, columns of siunitx, the best in bold, the conditions in the caption.

siunitx (version 2 or 3) groups and aligns the digits; it never rounds them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from attnprof.formats import Format, Look
from attnprof.results import Results
from attnprof.results.baseline import OVER
from attnprof.views.caption import caption
from attnprof.views.paper import Figure, PaperColumn, paper
from attnprof.views.sheet import OTHER_MACS

ON_ONE_PAGE = 45  # lines; a longer table is broken across pages
UNITS = {
    "s": r"\second", "ms": r"\milli\second", "µs": r"\micro\second", "ns": r"\nano\second",
    "B": r"\byte", "KiB": r"\kibi\byte", "MiB": r"\mebi\byte", "GiB": r"\gibi\byte", "%": r"\percent",
}  # fmt: skip
SIGNS = {"≈": r"{$\approx$} ", "<": "{$<$} ", "≥": r"{$\geq$} "}
SIGN_WIDTH = 2  # in digits
TEXT_WIDTH = 345  # points, of LaTeX's article
SIZES = (
    ("small", 4.63, 5.0),
    ("footnotesize", 4.25, 4.0),
    ("scriptsize", 3.99, 3.0),
    ("tiny", 3.41, 1.2),
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
LONG_CAPTION = r"\setlength{\LTcapwidth}{\linewidth}\let\attnproftable\tablename\def\tablename{\footnotesize\attnproftable}"

# A page has room for so many columns; these are printed when they are asked for.
TOO_WIDE, TOO_WIDE_BESIDE = ("efficiency",), ("flops",)


@dataclass(frozen=True)
class _Set:
    """One column as LaTeX sets it. of: the group it belongs to, under which heading; kind: in the table's preamble.

    width: in digits, of its longest cell or heading.
    """

    of: str
    heading: str
    kind: str
    cells: list[str]
    width: float


def render(results: Results, look: Look) -> tuple[str, list[str]]:
    """A float, or a longtable where there are many lines; the packages that it needs are in a comment above it."""
    printed = paper(results, look.columns, look.pivot)
    left_out = {*OTHER_MACS, *TOO_WIDE, *(TOO_WIDE_BESIDE if look.pivot else ())} - {*look.columns}
    wanted = [c for c in printed.columns if c.name not in left_out]
    related = {column.title for column in wanted if OVER in column.name and not column.at}
    columns = [each for column in wanted for each in _set(column, column.title in related)]
    long = sum(printed.blocks) > ON_ONE_PAGE
    packages = ["booktabs", "siunitx", *(["longtable"] if long else [])]
    shown = {column.name for column in wanted}
    said = caption(results, [c for c in printed.sheet.columns if c.name in shown])
    said += ["Bold: the least at its size, and what no interval tells from it."] * printed.marks
    text = rf"\caption{{{' '.join(escape(line.removesuffix('.')) + '.' for line in said)}}}\label{{tab:attnprof}}"
    notes = [rf"\par{{\raggedright\footnotesize {escape(line)}\par}}" for line in printed.sheet.footnotes]
    notes[:0] = [r"\par\smallskip"] * bool(notes)
    lines = [
        "% needs " + "".join(rf"\usepackage{{{name}}}" for name in packages),
        f"% printed by attnprof {results.environment.get('attnprof_version')}, run {results.environment.get('run_id')}",
        *(_long if long else _float)(columns, _body(printed.blocks, columns), text, notes),
    ]
    return "\n".join(lines), []


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
    fitting = (each for each in SIZES if sum(c.width * each[1] + 2 * each[2] for c in columns) <= TEXT_WIDTH)
    size, _, gap = next(fitting, SIZES[-1])
    return rf"\{size}\setlength{{\tabcolsep}}{{{gap:g}pt}}{SETUP}{BEST}"


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
    groups = [(name, len(list(found))) for name, found in groupby(columns, key=lambda column: column.of)]
    if not any(name for name, _ in groups):
        return head
    above, rules, first = [], [], 1
    for name, width in groups:
        above.append(rf"\multicolumn{{{width}}}{{c}}{{{name}}}" if name else " & " * (width - 1))
        rules += [rf"\cmidrule(lr){{{first}-{first + width - 1}}}"] if name else []
        first += width
    return [" & ".join(above) + r" \\", "".join(rules), *head]


def _set(column: PaperColumn, related: bool) -> list[_Set]:
    """The column, and that of its intervals where it has some. related: it stands in a group with its ratio."""
    if column.at:
        group, heading, words = _with_unit(column), escape(column.at), column.at
    elif related:
        group, heading, words = escape(column.title), _unit(column) or "number", column.unit or "number"
    else:
        group, heading, words = "", _with_unit(column), column.heading
    texts = [figure.text for figure in column.figures]
    if not column.number:
        kind = "r" if column.right else "l"
        return [_Set(group, heading, kind, list(map(escape, texts)), max(map(len, [*texts, words])))]
    whole, decimals = _digits(texts)
    signed = any(figure.sign for figure in column.figures)
    cells = [_figure(figure) for figure in column.figures]
    made = [_numbers(group, heading, whole, decimals, cells, len(words), signed)]
    if any(figure.spread is not None for figure in column.figures):
        spreads = [_percent(figure) for figure in column.figures]
        made.append(_numbers(group, r"$\pm$ (\%)", *_digits(spreads), spreads, 5))
    return made


def _numbers(
    group: str, heading: str, whole: int, decimals: int, cells: list[str], words: int, signed: bool = False
) -> _Set:
    """A column of figures with so many digits before and after the point; words: how long its heading is."""
    width = whole + whole // 3 * 0.4 + decimals + 0.5 * bool(decimals) + SIGN_WIDTH * signed
    room = r", table-space-text-pre={$\approx$}" * signed
    return _Set(group, heading, f"S[table-format={whole}.{decimals}{room}]", cells, max(width, 0.95 * words))


def _digits(numbers: Sequence[str]) -> tuple[int, int]:
    """The most digits before and after the point."""
    parts = [number.partition(".") for number in numbers if number]
    return max((len(p[0]) for p in parts), default=1), max((len(p[2]) for p in parts), default=0)


def _figure(figure: Figure) -> str:
    return SIGNS.get(figure.sign, "") + r"\best " * figure.best + figure.text


def _percent(figure: Figure) -> str:
    return "" if figure.spread is None else f"{100 * figure.spread:.1f}"


def _with_unit(column: PaperColumn) -> str:
    return escape(column.title) + (f" ({_unit(column)})" if column.unit else "")


def _unit(column: PaperColumn) -> str:
    return rf"\si{{{UNITS[column.unit]}}}" if column.unit in UNITS else escape(column.unit)


def escape(text: str) -> str:
    """``text`` as LaTeX prints it, in text mode."""
    return re.sub(r"\b(\d+)x(\d+)\b", r"$\1\\times\2$", "".join(SPECIAL.get(each, each) for each in text))


FORMAT = Format(help="a LaTeX table: booktabs, siunitx", render=render)
