"""An explanation as a page of text: the counts, the tree, the other counters, and the closed forms."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from io import StringIO
from textwrap import fill, wrap
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attnprof.explaining.explanation import CounterReport, Explanation, Form, TreeNode, plain
from attnprof.records.case import Case
from attnprof.records.record import FLAGS
from attnprof.units import show_bytes, show_count, show_rounded, significant
from attnprof.views.document import Document, Look, Remark, TableCell, TableColumn, Written

INDENT = "  "
EVERY_SIZE = "every size it takes"


def document(
    case: Case, name: str, explanation: Explanation, counters: Sequence[CounterReport], forms: Sequence[Form]
) -> Document:
    """The tree as a table, every figure exact; on a terminal a page.

    name: what the field calls the module.
    """
    lines = list(_lines(explanation.tree, _shares(explanation.tree), guides=False))
    return Document(
        columns=TREE_COLUMNS,
        rows=[_row(line) for line in lines],
        above=[Remark(line) for line in _head(case, name, explanation).split("\n")],
        below=[SHARES],
        page=partial(_page, case, name, explanation, counters, forms),
        data=partial(_data, case, explanation, counters, forms),
    )


TREE_COLUMNS = (
    TableColumn("part", "part", right=False),
    TableColumn("params", "params", "count", keep=1),
    TableColumn("macs", "MACs", "count", keep=3),
    TableColumn("flops", "FLOPs", "count", keep=4),
    TableColumn("bytes", "bytes moved", "bytes", keep=2),
    TableColumn("share", "share", "share", keep=5),
    TableColumn("grows", "grows with", keep=6, right=False),
)
SHARES = (
    "share: of the FLOPs. grows with: the leading terms of the FLOPs (of the bytes, where there are none)."
)


def network_document(name: str, inputs: str, mode: str, explanation: Explanation) -> Document:
    """The same of a module that is called with ``inputs`` of its own: without counters and closed forms."""
    way = "a real run, as values of the input are read" if explanation.is_real else "meta tensors"
    head = f"{name}\n{inputs}, {mode}, counted on {way}"
    lines = list(_lines(explanation.tree, _shares(explanation.tree), guides=False))

    def page(look: Look) -> Written:
        width = min(look.width or WIDTH, 100)
        table, dropped = tree(explanation.tree, look)
        parts = [head, _totals(explanation, width), table, *_unknown(explanation, width)]
        notes = (f"columns hidden (narrow terminal): {', '.join(dropped)}",) if dropped else ()
        return Written("\n\n".join(parts), notes)

    return Document(
        columns=TREE_COLUMNS,
        rows=[_row(line) for line in lines],
        above=[Remark(line) for line in head.split("\n")],
        below=[SHARES],
        page=page,
        data=lambda: {"module": name, "inputs": inputs, **explanation.to_json()},
    )


COUNT_COLUMNS = (
    TableColumn("module", "module", right=False),
    TableColumn("params", "params", "count"),
    TableColumn("macs", "MACs", "count"),
    TableColumn("flops", "FLOPs", "count"),
    TableColumn("bytes_moved", "bytes moved", "bytes", keep=1),
    TableColumn("activation_bytes", "activation memory", "bytes", keep=2),
    TableColumn("note", "note", keep=3, right=False),
)


def counts_document(names: Sequence[str], inputs: str, explanations: Sequence[Explanation]) -> Document:
    """A row per module that is called with ``inputs``."""
    rows = [_counts_row(name, each) for name, each in zip(names, explanations, strict=True)]
    return Document(columns=COUNT_COLUMNS, rows=rows, above=[Remark(f"inputs {inputs}")])


def _counts_row(name: str, explanation: Explanation) -> list[TableCell]:
    root, sign = explanation.tree, "≥" if explanation.unknown else ""
    notes = ["real run"] if explanation.is_real else []
    notes += [f"no rule for {', '.join(explanation.unknown)}"] if explanation.unknown else []
    return [
        TableCell(name),
        TableCell(root.params),
        TableCell(root.macs, sign=sign),
        TableCell(root.flops, sign=sign),
        TableCell(explanation.bytes),
        TableCell(explanation.activations),
        TableCell("; ".join(notes) or None),
    ]


def _row(line: "TreeLine") -> list[TableCell]:
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


def _data(
    case: Case, explanation: Explanation, counters: Sequence[CounterReport], forms: Sequence[Form]
) -> dict[str, Any]:
    """Everything, exact: the case, the explanation, the counters' counts, the closed forms if any."""
    data = {
        "case": case.to_json(),
        **explanation.to_json(),
        "counters": [asdict(counter) for counter in counters],
    }
    return {**data, "forms": [asdict(form) for form in forms]} if forms else data


def _page(
    case: Case,
    name: str,
    explanation: Explanation,
    counters: Sequence[CounterReport],
    forms: Sequence[Form],
    look: Look,
) -> Written:
    """The page for a terminal: totals, tree, other counters, closed forms."""
    width = min(look.width or WIDTH, 100)
    table, dropped = tree(explanation.tree, look)
    parts = [
        _head(case, name, explanation),
        _totals(explanation, width),
        table,
        fill(f"{SHARES} Figures have three digits; all of them: --format json.", width),
    ]
    if explanation.tokens:
        says = FLAGS["tokens"]
        parts.append(fill(f"{says[:1].upper()}{says[1:]}.", width))
    parts += _unknown(explanation, width)
    if counters:
        parts.append(_counters(explanation, counters, width, case.mode == "train"))
    if forms:
        parts.append(written(forms, width, case.batch))
    if explanation.verified is not None:
        held = (
            f"verified: the shapes of all {explanation.verified} operators are those of torch's own kernels."
        )
        parts.append(fill(f"not verified: {explanation.differs}" if explanation.differs else held, width))
    notes = (f"columns hidden (narrow terminal): {', '.join(dropped)}",) if dropped else ()
    return Written("\n\n".join(parts), notes)


def _unknown(explanation: Explanation, width: int) -> list[str]:
    if not explanation.unknown:
        return []
    listed = ", ".join(explanation.unknown)
    return [fill(f"No rule for {listed}: MACs and FLOPs are at least the figures shown.", width)]


def _head(case: Case, name: str, explanation: Explanation) -> str:
    called = f" - {name}" if name and name != case.module.partition(":")[2] else ""
    mode = "train: forward + backward" if case.mode == "train" else "eval"
    shape = "x".join(map(str, explanation.shape))
    return f"{case.title}{called}\n{shape}, {case.dtype}, {mode}, counted on meta tensors"


def _totals(explanation: Explanation, width: int) -> str:
    root = explanation.tree
    frozen = root.params - explanation.trainable
    intensity = f"; {significant(root.flops / explanation.bytes)} FLOP/byte" if explanation.bytes else ""
    unfused = explanation.unfused_activations
    rows = [
        ("params", show_count(root.params), f"{show_count(frozen)} of them frozen" if frozen else ""),
        ("MACs", show_count(root.macs), ""),
        ("FLOPs", show_count(root.flops), _categories(explanation.flops)),
        (
            "bytes moved",
            show_bytes(explanation.bytes),
            f"at least {show_bytes(explanation.minimal_bytes)}{intensity}",
        ),
        (
            "activations",
            show_bytes(explanation.activations),
            "most bytes alive at once"
            + ("" if unfused is None else f"; {show_bytes(unfused)} with unfused attention"),
        ),
    ]
    first, second = (max(len(row[n]) for row in rows) for n in (0, 1))
    lines = []
    for title, figure, note in rows:
        before = f"{title:{first}}  {figure:{second}}  "
        lines += wrap(note, width, initial_indent=before, subsequent_indent=" " * len(before)) or [
            before.rstrip()
        ]
    return "\n".join(lines)


def _categories(flops: dict[str, int]) -> str:
    """The categories' shares, the largest first; those that round to nothing are left out."""
    whole = sum(flops.values())
    listed = sorted(flops.items(), key=lambda each: -each[1])
    shown = [(name, f"{100 * n / whole:.1f}") for name, n in listed if n]
    return ", ".join(f"{name} {share} %" for name, share in shown if share != "0.0")


def _counters(explanation: Explanation, counters: Sequence[CounterReport], width: int, train: bool) -> str:
    ours = explanation.forward_macs
    rows = [("attnprof", show_count(ours), "")]
    rows += [
        (
            each.counter,
            "" if each.macs is None else show_count(each.macs),
            "" if each.macs is None else ratio(each.macs, ours),
        )
        for each in counters
    ]
    names, figures = (max(len(row[n]) for row in rows) for n in (0, 1))
    lines = [f"{INDENT}{rows[0][0]:{names}}  {rows[0][1]:>{figures}}"]
    for each, (name, figure, compared) in zip(counters, rows[1:], strict=True):
        before = f"{INDENT}{name:{names}}  {figure:>{figures}}  "
        if each.macs is None:
            lines += wrap(each.note, width, initial_indent=before, subsequent_indent=" " * len(before))
            continue
        lines.append((before + compared).rstrip())
        for part in each.differences:
            sign = "+" if part.macs > 0 else "-"
            amount = f"{sign}{show_count(abs(part.macs))}".rjust(figures)
            text = f"{part.what}: {part.why}" if part.why else part.what or "unexplained"
            head = f"{INDENT}{'':{names}}  {amount}  "
            lines += wrap(text, width, initial_indent=head, subsequent_indent=" " * len(head))
    title = "MACs, as others count them" + (", of the forward pass in eval" if train else "")
    return "\n".join([title, *lines])


def ratio(theirs: int, ours: int) -> str:
    """theirs over ours: '=', '0.145x'; with more digits where three would say 1.00; '' where ours is 0."""
    if theirs == ours:
        return "="
    if not ours:
        return ""
    value = theirs / ours
    # As many digits as it takes not to look like 1.
    digits = next((n for n in range(3, 9) if float(significant(value, n)) != 1), 9)
    return f"{significant(value, digits)}x"


def written(forms: Sequence[Form], width: int, batch: int = 1) -> str:
    """The closed forms, one piece after the other, and on how many sizes they were tried."""
    lines = ["Closed forms in C, H and W" + (f", of a batch of {batch}" if batch > 1 else "")]
    titles = max(len(form.quantity) for form in forms)
    rest = INDENT + " " * (titles + 2)
    for form in forms:
        before = f"{INDENT}{form.quantity:{titles}}  "
        for piece in form.pieces:
            lines += _wrapped(piece.polynomial, f"for {piece.where or EVERY_SIZE}", width, before, rest)
            before = rest
        notes = [f"elsewhere other polynomials, as at {', '.join(form.more)}"] if form.more else []
        notes += [f"none found at {', '.join(form.without)}"] if form.without else []
        for note in notes:
            lines += wrap(note, width, initial_indent=before, subsequent_indent=rest)
            before = rest
    pieces = [piece for form in forms for piece in form.pieces]
    if pieces:
        most, least = max(p.fitted for p in pieces), min(p.held for p in pieces)
        sizes = f"{most} sizes" if most > 1 else "1 size"
        says = f"Solved for on up to {sizes}; each held at {least} others or more, "
        says += "up to 8192 channels and 512x512."
        lines += ["", *wrap(says, width)]
    return "\n".join(lines)


def _wrapped(polynomial: str, where: str, width: int, before: str, rest: str) -> list[str]:
    """A polynomial with its condition behind it or on a line of its own.

    Broken only before a sign, if it has to be.
    """
    whole = f"{before}{polynomial}"
    if len(whole) + len(where) + 4 <= width:
        return [f"{whole}    {where}".rstrip()]
    below = rest + INDENT
    for depth in range(polynomial.count("(") + 1):  # outside of parentheses, if that is enough
        breakable = _breakable(polynomial, depth)
        lines = wrap(breakable, width, initial_indent=before, subsequent_indent=below, break_long_words=False)
        if max(map(len, lines)) <= width:
            break
    lines = [line.replace(_UNBROKEN, " ") for line in lines]
    return [*lines, *wrap(where, width, initial_indent=below, subsequent_indent=below)]


_UNBROKEN = "\0"


def _breakable(polynomial: str, depth: int) -> str:
    """``polynomial`` with spaces only before signs that are in no more than ``depth`` parentheses."""
    text, inside = "", 0
    for letter, following in zip(polynomial, f"{polynomial[1:]} ", strict=True):
        inside += (letter == "(") - (letter == ")")
        text += _UNBROKEN if letter == " " and (following not in "+-" or inside > depth) else letter
    return text


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
class TreeColumn:
    """A column of figures. keep: the higher, the later it leaves a narrow terminal."""

    title: str
    keep: int
    write: Callable[[TreeLine], str]
    right: bool = True


COLUMNS = (
    TreeColumn("params", 1, lambda line: show_rounded(line.part.params) if line.part.kind else ""),
    TreeColumn("MACs", 3, lambda line: show_rounded(line.part.macs)),
    TreeColumn("FLOPs", 4, lambda line: show_rounded(line.part.flops)),
    TreeColumn("bytes", 2, lambda line: show_bytes(line.part.bytes)),
    TreeColumn("share", 5, lambda line: "" if line.share is None else f"{line.share / 10:.1f} %"),
    TreeColumn("grows with", 6, lambda line: line.part.grows, right=False),
)


def tree(root: TreeNode, look: Look) -> tuple[str, list[str]]:
    """The tree as text, and the titles of the columns that did not fit."""
    lines = list(_lines(root, _shares(root), guides=look.width is not None))
    shown = list(COLUMNS)
    names = max(len(line.guide + line.name) for line in lines)
    while True:
        figures = sum(_width(column, lines) for column in shown)
        room = [(gap, (look.width or WIDTH) - figures - gap * len(shown)) for gap in GAPS]
        gap, spare = next((each for each in room if names <= each[1]), room[-1])
        if look.width is None:
            spare = max(spare, NARROWEST)  # nothing has to fit
        if min(names, NARROWEST) <= spare or not shown:
            break
        shown.remove(min(shown, key=lambda column: column.keep))
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    table.add_column("", width=min(names, spare), overflow="fold")
    for column in shown:
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=True,
            width=_width(column, lines),
        )
    for line in lines:
        name = Text(line.guide + line.name, style="" if line.part.kind else "dim")
        table.add_row(name, *(Text(column.write(line)) for column in shown))
    return _printed(table, look), [column.title for column in COLUMNS if column not in shown]


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


def _width(column: TreeColumn, lines: Sequence[TreeLine]) -> int:
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
