"""The tree of an explanation as a table and as text: a line for each submodule and operator."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attnprof.explaining.explanation import TreeNode, plain
from attnprof.records.characters import printable
from attnprof.units import show_bytes, show_rounded
from attnprof.views.document import Look, TableCell, TableColumn

TABLE_COLUMNS = (
    TableColumn("part", "part", right=False),
    TableColumn("params", "params", "count", keep=1),
    TableColumn("macs", "MACs", "count", keep=3),
    TableColumn("flops", "FLOPs", "count", keep=4),
    TableColumn("bytes", "bytes moved", "bytes", keep=2),
    TableColumn("share", "share", "share", keep=5),
    TableColumn("grows", "grows with", keep=6, right=False),
)
WIDTH = 80  # where nothing says how wide a line may be
GAPS = (2, 1)  # between columns; the second where there is no room for the first
NARROWEST = 24  # a name is folded before a figure is dropped, but not below this
TENTHS = 1000  # shares are shown in tenths of a per cent, and add up to 100


@dataclass(frozen=True)
class TreeLine:
    """One line of the tree.

    guide: what stands before the name. share: in tenths of a per cent, None without FLOPs.
    """

    guide: str
    part: TreeNode
    share: int | None

    @property
    def name(self) -> str:
        """The submodule with its class, or the operator, with how often it was called."""
        return printable(_submodule_title(self.part) if self.part.kind else _operator_title(self.part))


def _submodule_title(part: TreeNode) -> str:
    calls = part.parts[0].calls if _is_one_operator(part) else 1
    name = f"{part.name}: " if part.name else ""
    return f"{name}{part.kind}{_times(calls)}"


def _operator_title(part: TreeNode) -> str:
    backward = " backward" if part.backward and "backward" not in part.name else ""
    return f"{plain(part.name)}{backward}{_times(part.calls)}"


def _times(calls: int) -> str:
    return f" x{calls}" if calls > 1 else ""


def table_rows(root: TreeNode) -> list[list[TableCell]]:
    """The rows of a table with TABLE_COLUMNS: every figure exact."""
    return [_row(line) for line in _tree_lines(root, guides=False)]


def _row(line: TreeLine) -> list[TableCell]:
    part = line.part
    return [
        TableCell(line.guide + line.name),
        TableCell(part.params if part.kind else None),
        TableCell(part.macs),
        TableCell(part.flops),
        TableCell(part.bytes),
        TableCell(None if line.share is None else line.share / TENTHS),
        TableCell(part.grows or None),
    ]


@dataclass(frozen=True)
class TreeColumn:
    """A column of figures. keep: the higher, the later it leaves a narrow terminal."""

    title: str
    keep: int
    write: Callable[[TreeLine], str]
    right: bool = True

    def width(self, lines: Sequence[TreeLine]) -> int:
        """Characters of its longest cell or of its title."""
        return max(len(self.title), *(len(self.write(line)) for line in lines))


COLUMNS = (
    TreeColumn("params", 1, lambda line: show_rounded(line.part.params) if line.part.kind else ""),
    TreeColumn("MACs", 3, lambda line: show_rounded(line.part.macs)),
    TreeColumn("FLOPs", 4, lambda line: show_rounded(line.part.flops)),
    TreeColumn("bytes", 2, lambda line: show_bytes(line.part.bytes)),
    TreeColumn("share", 5, lambda line: "" if line.share is None else f"{line.share / 10:.1f} %"),
    TreeColumn("grows with", 6, lambda line: line.part.grows, right=False),
)


@dataclass(frozen=True)
class TreeLayout:
    """The columns of figures that fit beside the names."""

    columns: Sequence[TreeColumn]
    gap: int  # between columns
    name_width: int  # a longer name is folded


def tree(root: TreeNode, look: Look) -> tuple[str, list[str]]:
    """The tree as text, and the titles of the columns that did not fit."""
    lines = _tree_lines(root, guides=look.width is not None)
    layout = _layout(lines, look)
    dropped = [column.title for column in COLUMNS if column not in layout.columns]
    return _printed(_table(lines, layout), look), dropped


def _layout(lines: Sequence[TreeLine], look: Look) -> TreeLayout:
    """As many columns as fit."""
    longest = max(len(line.guide + line.name) for line in lines)
    columns = list(COLUMNS)
    while True:
        gap, room = _room_for_names(longest, columns, lines, look)
        if min(longest, NARROWEST) <= room or not columns:
            return TreeLayout(columns, gap, min(longest, room))
        columns.remove(min(columns, key=lambda column: column.keep))


def _room_for_names(
    longest: int, columns: Sequence[TreeColumn], lines: Sequence[TreeLine], look: Look
) -> tuple[int, int]:
    """The gap between columns, and the characters that it leaves for names.

    The widest gap beside which the ``longest`` name fits, else the narrowest.
    """
    width = look.width or WIDTH
    figures = sum(column.width(lines) for column in columns)
    rooms = [(gap, width - figures - gap * len(columns)) for gap in GAPS]
    gap, room = next((each for each in rooms if longest <= each[1]), rooms[-1])
    if look.width is None:
        return gap, max(room, NARROWEST)  # nothing has to fit
    return gap, room


def _table(lines: Sequence[TreeLine], layout: TreeLayout) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, layout.gap, 0, 0), header_style="bold")
    table.add_column("", width=layout.name_width, overflow="fold")
    for column in layout.columns:
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=True,
            width=column.width(lines),
        )
    for line in lines:
        name = Text(line.guide + line.name, style="" if line.part.kind else "dim")
        table.add_row(name, *(Text(column.write(line)) for column in layout.columns))
    return table


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


def _tree_lines(root: TreeNode, guides: bool) -> list[TreeLine]:
    """The lines of the whole tree. guides: lines are drawn from each part to those below it."""
    return list(_lines(root, _shares(root), guides))


def _lines(
    part: TreeNode, shares: dict[int, int], guides: bool, before: str = "", own: str = ""
) -> Iterator[TreeLine]:
    """The part and all below it. A submodule that only issued one operator is one line with it."""
    shares_below = [shares[id(leaf)] for leaf in _leaves(part) if id(leaf) in shares]
    yield TreeLine(before + own, part, sum(shares_below) if shares_below else None)
    if _is_one_operator(part):
        return
    above = before + {"": "", "├─ ": "│  ", "└─ ": "   "}.get(own, own)
    for n, below in enumerate(part.parts):
        last = n == len(part.parts) - 1
        yield from _lines(below, shares, guides, above, ("└─ " if last else "├─ ") if guides else "  ")


def _is_one_operator(part: TreeNode) -> bool:
    return len(part.parts) == 1 and not part.parts[0].kind


def _leaves(part: TreeNode) -> Iterator[TreeNode]:
    if not part.kind:
        yield part
    for below in part.parts:
        yield from _leaves(below)


def _shares(root: TreeNode) -> dict[int, int]:
    """Tenths of a per cent of all FLOPs by operator. They add up: the largest remainders are rounded up."""
    leaves = [leaf for leaf in _leaves(root) if leaf.flops]
    exact = [divmod(leaf.flops * TENTHS, root.flops) for leaf in leaves]
    short = TENTHS - sum(whole for whole, _ in exact)
    up = sorted(range(len(leaves)), key=lambda n: -exact[n][1])[:short]
    return {id(leaf): exact[n][0] + (n in up) for n, leaf in enumerate(leaves)}
