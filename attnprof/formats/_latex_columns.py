"""The columns of a LaTeX table: their headings, their cells, and how wide they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, log10

from attnprof.views.document import Figure, UnitColumn, shortened

UNITS = {
    "s": r"\second", "ms": r"\milli\second", "µs": r"\micro\second", "ns": r"\nano\second",
    "B": r"\byte", "KiB": r"\kibi\byte", "MiB": r"\mebi\byte", "GiB": r"\gibi\byte", "TiB": r"\tebi\byte",
    "kB": r"\kilo\byte", "MB": r"\mega\byte", "GB": r"\giga\byte", "TB": r"\tera\byte",
    "%": r"\percent", "1/s": r"\per\second",
}  # fmt: skip
SIGNS = {"≈": r"{$\approx$} ", "≥": r"{$\geq$} "}
SIGN_WIDTH = 2  # in digits
SPREAD, SPREAD_WIDTH = r"$\pm$ (\%)", 5
DIGIT = 4.63  # points: a digit of Computer Modern in \small
LONGEST_WORD = 20  # characters of a word that a line has room for wherever it begins
MOST_OF_CHANGE = 2  # decimals of an increase in per cent
LETTER, CAPITAL = 1.0, 1.45  # how wide they are in digits
WIDTHS = {**dict.fromkeys("iljtfr.,:;()[]|' _-", 0.7), **dict.fromkeys("mwMW%=+@", 1.65)}
LONGEST_NAME = 36  # characters, of a name that can be shortened
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


@dataclass(frozen=True)
class Column:
    """One column as LaTeX sets it. Widths are in digits."""

    group: str  # the heading above its own that it shares with others; empty: none
    title: str  # empty: that of the column before it, whose interval it is
    unit: str  # in brackets behind the title, or on a line below it; empty: none
    kind: str  # in the table's preamble
    cells: Sequence[str]
    body: float  # how wide its cells are
    words: tuple[float, float]  # how wide title and unit are

    @property
    def group_width(self) -> float:
        """How wide the group's heading is."""
        return _width(re.sub(r"\\(?:si|times|micro|milli|kibi|mebi)|[\\\\{}$]", "", self.group))


def columns_of(columns: Sequence[UnitColumn], folded: int) -> list[Column]:
    """The columns as LaTeX sets them: ratios in one group with their figures, intervals in their own.

    folded: characters of a text beyond which it takes several lines.
    """
    related = {column.column.title for column in columns if column.column.baseline and not column.column.at}
    return [each for column in columns for each in _set(column, column.column.title in related, folded)]


def digits_across(columns: Sequence[Column], is_stacked: bool) -> float:
    """How wide the columns are together, headings of groups included."""
    total = 0.0
    for _, group in groupby(columns, key=lambda column: column.group):
        same = list(group)
        own = _stacked(same) if is_stacked else sum(max(each.body, sum(each.words)) for each in same)
        total += max(same[0].group_width, own)
    return total


def _stacked(columns: Sequence[Column]) -> float:
    """How wide columns are whose units stand below their titles, a title above its interval, too."""
    return sum(
        max(each[0].words[0], sum(max(column.body, column.words[1]) for column in each))
        for each in _titled(columns)
    )


def _titled(columns: Sequence[Column]) -> list[list[Column]]:
    """The columns, each with the intervals behind it that have no title."""
    titled: list[list[Column]] = []
    for column in columns:
        if column.title or not titled:
            titled.append([])
        titled[-1].append(column)
    return titled


def head(columns: Sequence[Column], is_stacked: bool) -> list[str]:
    """The headings: units on a line of their own where they are stacked, shared headings above."""
    if not is_stacked:
        return [*_groups(columns), _line([f"{column.title} {column.unit}".strip() for column in columns])]
    titles = " & ".join(map(_title, _titled(columns))) + r" \\"
    units = [_line([column.unit for column in columns])] if any(each.unit for each in columns) else []
    return [*_groups(columns), titles, *units]


def _title(columns: Sequence[Column]) -> str:
    """The title of a column, above its interval, too."""
    title = columns[0].title
    return rf"\multicolumn{{{len(columns)}}}{{c}}{{{title}}}" if len(columns) > 1 else f"{{{title}}}"


def _line(headings: Sequence[str]) -> str:
    return " & ".join(f"{{{heading}}}" if heading else "" for heading in headings).rstrip() + r" \\"


def _groups(columns: Sequence[Column]) -> list[str]:
    """The line of shared headings and the rules below them; nothing where no column shares one."""
    groups = [(name, len(list(same))) for name, same in groupby(columns, key=lambda column: column.group)]
    if not any(name for name, _ in groups):
        return []
    above, rules, first = [], [], 1
    for name, width in groups:
        above.append(rf"\multicolumn{{{width}}}{{c}}{{{name}}}" if name else " & " * (width - 1))
        rules += [rf"\cmidrule(lr){{{first}-{first + width - 1}}}"] if name else []
        first += width
    return [" & ".join(above) + r" \\", "".join(rules)]


def _set(column: UnitColumn, is_related: bool, folded: int) -> list[Column]:
    """The column, and that of its intervals where it has some.

    is_related: it stands in a group with its ratio.
    """
    if not column.number:
        return [_of_words(column, folded)]
    figures = _of_figures(column, is_related)
    has_intervals = any(figure.spread is not None for figure in column.figures)
    return [figures, _of_intervals(column, figures.group)] if has_intervals else [figures]


def _of_figures(column: UnitColumn, is_related: bool) -> Column:
    group, title, unit = _headings(column, is_related)
    most = MOST_OF_CHANGE if column.column.kind == "change" else None
    texts = [_rounded(figure, most) for figure in column.figures]
    cells = [_cell(figure, text) for figure, text in zip(column.figures, texts, strict=True)]
    words = _width(title[1]), _width(unit[1])
    is_signed = any(figure.sign for figure in column.figures)
    return _numbers((group, title[0], unit[0]), words, texts, cells, _longest_word(column), is_signed)


def _of_intervals(column: UnitColumn, group: str) -> Column:
    spreads = [_percent(figure) for figure in column.figures]
    if group:
        return _numbers((group, SPREAD, ""), (SPREAD_WIDTH, 0), spreads, spreads)
    return _numbers(("", "", SPREAD), (0, SPREAD_WIDTH), spreads, spreads)


def _of_words(column: UnitColumn, folded: int) -> Column:
    texts = [shortened(column.column, figure.digits, LONGEST_NAME) for figure in column.figures]
    at = column.column.at
    title = f"{column.column.title} {at}".strip()
    kind = "r" if column.column.right else "l"
    most = LONGEST_NAME if column.column.shorten else max(folded, _longest_piece(texts))
    longest = max((most * LETTER if len(text) > most else _width(text) for text in texts), default=0)
    cells = [_folded(text, most) if len(text) > most else escape(text) for text in texts]
    return Column("", escape(title), "", kind, cells, longest, (_width(title), 0))


def _longest_piece(texts: Sequence[str]) -> int:
    """The most characters of a text between two places at which it may be broken."""
    return max((len(piece) for text in texts for piece in re.findall(r"[^ ,(/._]*[,(/._]?", text)), default=0)


def _folded(text: str, most: int) -> str:
    """A long text on several lines."""
    return rf"\parbox[t]{{{most * LETTER * DIGIT:.0f}pt}}{{\raggedright\strut {_breakable(text)}\strut}}"


def _breakable(text: str) -> str:
    """``text`` as LaTeX prints it, that may be broken behind the signs between its words."""
    return re.sub(r"((?<=[,(/.@])|(?<=\\_))", r"\\allowbreak{}", escape(text))


def prose(text: str) -> str:
    """A sentence as LaTeX prints it, whose long words may be broken."""
    words = text.split(" ")
    return " ".join(_breakable(word) if len(word) > LONGEST_WORD else escape(word) for word in words)


def _headings(column: UnitColumn, is_related: bool) -> tuple[str, tuple[str, str], tuple[str, str]]:
    """The heading of the group, and title and unit of the column, each as LaTeX and as it is read."""
    at, title = column.column.at, column.column.title
    has_unit = column.title != title
    unit = (f"({_unit(column)})", f" ({column.unit})") if has_unit else ("", "")
    if at:
        return f"{escape(title)} {unit[0]}".strip(), (escape(at), at), ("", "")
    if is_related:
        return escape(title), (_unit(column) or "number", column.unit or "number"), ("", "")
    return "", (escape(title), title), unit


def _numbers(
    headings: tuple[str, str, str],
    words: tuple[float, float],
    texts: Sequence[str],
    cells: Sequence[str],
    longest_word: float = 0,
    is_signed: bool = False,
) -> Column:
    """A column of figures, each of which stands at its point. headings: of the group, title and unit."""
    whole, decimals = _digits(texts)
    minus = "-" * any(text.startswith("-") for text in texts)
    width = whole + whole // 3 * 0.4 + decimals + 0.5 * bool(decimals)
    width += SIGN_WIDTH * is_signed + 1.7 * len(minus)
    room = r", table-space-text-pre={$\approx$}" * is_signed
    kind = f"S[table-format={minus}{whole}.{decimals}{room}]"
    return Column(*headings, kind, cells, max(width, longest_word), words)


def _width(text: str) -> float:
    """How wide a text is, in digits."""
    return sum(WIDTHS.get(sign, CAPITAL if sign.isupper() else LETTER) for sign in text)


def _longest_word(column: UnitColumn) -> float:
    """How wide the longest word in the place of a figure is."""
    return max((_width(figure.note) for figure in column.figures if not figure.digits), default=0)


def _digits(numbers: Sequence[str]) -> tuple[int, int]:
    """The most digits before and after the point."""
    parts = [number.removeprefix("-").partition(".") for number in numbers if number]
    return max((len(p[0]) for p in parts), default=1), max((len(p[2]) for p in parts), default=0)


def _rounded(figure: Figure, most: int | None) -> str:
    """The digits without decimals that are less than the first digit of the interval's half-width.

    most: so many decimals, where there is no interval; None: as many as the figure has.
    """
    if not figure.digits:
        return ""
    value, finest = float(figure.digits), most
    if figure.spread:
        half = figure.spread * (100 if most is not None else abs(value))
        finest = max(0, -floor(log10(half))) if half else most
    decimals = len(figure.digits.partition(".")[2])
    return figure.digits if finest is None or finest >= decimals else f"{value:.{finest}f}"


def _cell(figure: Figure, digits: str) -> str:
    if not digits and figure.note:  # a word in the place of a figure
        return f"{{{escape(figure.note)}}}"
    best = r"\best " if figure.best and digits else ""
    return SIGNS.get(figure.sign, "") + best + digits


def _percent(figure: Figure) -> str:
    return "" if figure.spread is None else f"{100 * figure.spread:.1f}"


def _unit(column: UnitColumn) -> str:
    return rf"\si{{{UNITS[column.unit]}}}" if column.unit in UNITS else escape(column.unit)


def escape(text: str) -> str:
    """``text`` as LaTeX prints it, in text mode."""
    special = "".join(SPECIAL.get(each, each) for each in text).replace("--", "-{}-")  # else it is a dash
    return re.sub(r"\b(\d+)x(\d+)\b", r"$\1\\times\2$", special)
