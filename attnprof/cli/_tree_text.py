"""The tree of an explanation as a table: what each part costs, its share, and what it grows with."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attnprof.explanation import Part, plain
from attnprof.formats import Look
from attnprof.units import show_bytes, show_rounded

WIDTH = 80  # where nothing says how wide a line may be
GAPS = (2, 1)  # between columns; the second where there is no room for the first
NARROWEST = 24  # a name is folded before a figure is dropped, but not below this
TENTHS = 1000  # shares are shown in tenths of a per cent, and add up to 100


@dataclass(frozen=True)
class Line:
    """One line of the tree. guide: what stands before the name. share: in tenths of a per cent, None without FLOPs."""

    guide: str
    part: Part
    share: int | None

    @property
    def name(self) -> str:
        """The submodule with its class, or the operator, with how often it was called."""
        part = self.part
        if not part.kind:
            return (
                plain(part.name)
                + (" backward" if part.backward and "backward" not in part.name else "")
                + _times(part.calls)
            )
        alone = part.parts[0] if _is_one_operator(part) else None
        return (f"{part.name}: " if part.name else "") + part.kind + _times(alone.calls if alone else 1)


@dataclass(frozen=True)
class Column:
    """A column of figures. keep: the higher, the later it leaves a narrow terminal."""

    title: str
    keep: int
    write: Callable[[Line], str]
    right: bool = True


COLUMNS = (
    Column("params", 1, lambda line: show_rounded(line.part.params) if line.part.kind else ""),
    Column("MACs", 3, lambda line: show_rounded(line.part.macs)),
    Column("FLOPs", 4, lambda line: show_rounded(line.part.flops)),
    Column("bytes", 2, lambda line: show_bytes(line.part.bytes)),
    Column("share", 5, lambda line: "" if line.share is None else f"{line.share / 10:.1f} %"),
    Column("grows with", 6, lambda line: line.part.grows, right=False),
)


def tree(root: Part, look: Look) -> tuple[str, list[str]]:
    """The tree as text, and the titles of the columns that did not fit."""
    lines = list(_lines(root, _shares(root), guides=look.width is not None))
    kept = list(COLUMNS)
    names = max(len(line.guide + line.name) for line in lines)
    while True:
        figures = sum(_width(column, lines) for column in kept)
        room = [(gap, (look.width or WIDTH) - figures - gap * len(kept)) for gap in GAPS]
        gap, spare = next((each for each in room if names <= each[1]), room[-1])
        if look.width is None:
            spare = max(spare, NARROWEST)  # nothing has to fit
        if min(names, NARROWEST) <= spare or not kept:
            break
        kept.remove(min(kept, key=lambda column: column.keep))
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    table.add_column("", width=min(names, spare), overflow="fold")
    for column in kept:
        table.add_column(
            column.title, justify="right" if column.right else "left", no_wrap=True, width=_width(column, lines)
        )
    for line in lines:
        name = Text(line.guide + line.name, style="" if line.part.kind else "dim")
        table.add_row(name, *(Text(column.write(line)) for column in kept))
    return _printed(table, look), [column.title for column in COLUMNS if column not in kept]


def _lines(part: Part, shares: dict[int, int], guides: bool, before: str = "", own: str = "") -> Iterator[Line]:
    """The part and all below it. A submodule that only issued one operator is one line with it."""
    known = [shares[id(leaf)] for leaf in _leaves(part) if id(leaf) in shares]
    yield Line(before + own, part, sum(known) if known else None)
    if _is_one_operator(part):
        return
    above = before + {"": "", "├─ ": "│  ", "└─ ": "   "}.get(own, own)
    for n, below in enumerate(part.parts):
        last = n == len(part.parts) - 1
        yield from _lines(below, shares, guides, above, ("└─ " if last else "├─ ") if guides else "  ")


def _is_one_operator(part: Part) -> bool:
    return len(part.parts) == 1 and not part.parts[0].kind


def _leaves(part: Part) -> Iterator[Part]:
    if not part.kind:
        yield part
    for below in part.parts:
        yield from _leaves(below)


def _shares(root: Part) -> dict[int, int]:
    """Tenths of a per cent of all FLOPs by operator. They add up: the largest remainders are rounded up."""
    leaves = [leaf for leaf in _leaves(root) if leaf.flops]
    exact = [divmod(leaf.flops * TENTHS, root.flops) for leaf in leaves]
    short = TENTHS - sum(whole for whole, _ in exact)
    up = sorted(range(len(leaves)), key=lambda n: -exact[n][1])[:short]
    return {id(leaf): exact[n][0] + (n in up) for n, leaf in enumerate(leaves)}


def _width(column: Column, lines: Sequence[Line]) -> int:
    return max(len(column.title), *(len(column.write(line)) for line in lines))


def _times(calls: int) -> str:
    return f" x{calls}" if calls > 1 else ""


def _printed(table: Table, look: Look) -> str:
    out = StringIO()
    console = Console(
        file=out,
        width=look.width or 10_000,
        force_terminal=look.colour,
        color_system="standard" if look.colour else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(table)
    return re.sub(r"[ \t]+$", "", out.getvalue(), flags=re.MULTILINE).rstrip("\n")
