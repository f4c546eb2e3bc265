"""Lines and tables for a terminal: as wide as it is, styled where it allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap

from attnprof.formats import Look
from attnprof.views.document import TableColumn

# Of the sixteen colours that a terminal's theme defines, those that stand out on dark and on light ground.
STYLES = {"heading": "1", "best": "1;32", "rough": "2", "failed": "31", "aside": "2", "command": "36"}
EIGHTHS = " ▏▎▍▌▋▊▉"
FULL, CUT = "█", "▸"


def styled(text: str, style: str, look: Look) -> str:
    """``text`` in one of STYLES, or as it is where there are none."""
    bare = text.strip()
    if not (style and bare and look.colour):
        return text
    return text.replace(bare, f"\x1b[{STYLES[style]}m{bare}\x1b[0m", 1)


def paragraph(texts: Sequence[str], look: Look, style: str = "", indent: str = "") -> str:
    """Lines, wrapped at the terminal's width. indent: before the second line of each and those after it."""
    width = look.width or 80
    lines = [line for text in texts for line in _wrapped(text, width, indent)]
    return "\n".join(styled(line, style, look) for line in lines)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return wrap(text, width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def bar(share: float, width: int, look: Look) -> str:
    """A bar of ``share`` of ``width`` characters, to an eighth of one; a share above 1 is cut and marked."""
    if share > 1:
        return FULL * (width - 1) + CUT
    if look.plain:
        return FULL * max(1, round(share * width))
    eighths = max(1, round(share * width * len(EIGHTHS)))
    whole, rest = divmod(eighths, len(EIGHTHS))
    return FULL * whole + EIGHTHS[rest].strip()


@dataclass(frozen=True)
class Grid:
    """The columns of a table, and how wide each is."""

    columns: Sequence[TableColumn]
    widths: Sequence[int]
    folded: Sequence[bool]  # whose texts may take several lines
    gap: int  # between columns
    look: Look

    def head(self, title: str = "") -> list[str]:
        """The headings. title: stands over the columns without one, or above, where they are too narrow."""
        headings = [column.heading for column in self.columns]
        unnamed = next((n for n, heading in enumerate(headings) if heading), len(headings))
        room = sum(self.widths[:unnamed]) + self.gap * unnamed
        names = (" " * self.gap).join(self._cell(n, headings[n]) for n in range(unnamed, len(headings)))
        has_room = len(title) < room
        lines = [title.ljust(room) + names] if has_room else [title, " " * room + names]
        bare = [line.rstrip() for line in lines]
        return [styled(line, "heading", self.look) for line in bare if line]

    def row(self, texts: Sequence[str], styles: Sequence[str]) -> list[str]:
        """The lines of a row: several where a name is folded."""
        chunks = [self._chunks(n, text) for n, text in enumerate(texts)]
        return [self._line(part, styles) for part in zip_longest(*chunks, fillvalue="")]

    def _line(self, texts: Sequence[str], styles: Sequence[str]) -> str:
        cells = [self._cell(n, text, styles[n]) for n, text in enumerate(texts)]
        return (" " * self.gap).join(cells).rstrip()

    def _chunks(self, n: int, text: str) -> list[str]:
        width = self.widths[n]
        if not self.folded[n] or len(text) <= width:
            return [text]
        return [text[start : start + width] for start in range(0, len(text), width)]

    def _cell(self, n: int, text: str, style: str = "") -> str:
        padding = " " * (self.widths[n] - len(text))
        shown = styled(text, style, self.look)
        return padding + shown if self.columns[n].right else shown + padding
