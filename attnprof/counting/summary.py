"""An account as a table: submodules down to a depth, with their parameters, MACs and FLOPs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from attnprof.units import show_bytes, show_count, show_share

if TYPE_CHECKING:
    from attnprof.counting.account import Account

_TITLES = ("module", "class", "params", "MACs", "FLOPs", "of MACs")
_TEXT_COLUMNS = 2  # the first ones, to the left


@dataclass(frozen=True)
class SummaryRow:
    """A submodule with everything below it."""

    depth: int  # 0 for the root
    name: str  # in its parent
    kind: str  # its class
    params: int  # a tensor that several share is counted once
    macs: int
    flops: int


def summary_rows(account: "Account", depth: int) -> list[SummaryRow]:
    """The submodules down to ``depth`` that hold parameters or called operators, in their order."""
    macs, flops = _sums(account)
    rows = []
    for path, module in account.modules.items():
        level = path.count(".") + 1 if path else 0
        params = sum(p.numel() for p in module.parameters())
        if level <= depth and (params or flops[path]):
            kind = type(module).__name__
            name, kind = (path.rpartition(".")[2], kind) if path else (kind, "")
            rows.append(SummaryRow(level, name, kind, params, macs[path], flops[path]))
    return rows


def _sums(account: "Account") -> tuple[dict[str, int], dict[str, int]]:
    """MACs and FLOPs by path, each submodule's with those of everything below it."""
    macs, flops = dict.fromkeys(account.modules, 0), dict.fromkeys(account.modules, 0)
    for operator in account.operators:
        for path in _ancestors(operator.module):
            if path in macs:
                macs[path] += operator.macs
                flops[path] += operator.total_flops
    return macs, flops


def _ancestors(path: str) -> Iterator[str]:
    """The path and those above it, down to the root's."""
    while path:
        yield path
        path = path.rpartition(".")[0]
    yield ""


def summary_text(account: "Account", depth: int) -> str:
    """The table for a terminal, and what was counted below it."""
    cells = [_TITLES, *_cells(account, depth)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        texts = [
            text.ljust(width) if place < _TEXT_COLUMNS else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(texts).rstrip())
    return "\n".join([*lines, "", *_remarks(account)])


def summary_html(account: "Account", depth: int) -> str:
    """The table for a notebook."""
    to_left, to_right = 'style="text-align:left"', 'style="text-align:right"'

    def row(texts: Sequence[str], tag: str) -> str:
        sides = [to_left if place < _TEXT_COLUMNS else to_right for place in range(len(texts))]
        parts = [
            f"<{tag} {side}>{escape(text).replace('  ', '&emsp;')}</{tag}>"
            for side, text in zip(sides, texts, strict=True)
        ]
        return f"<tr>{''.join(parts)}</tr>"

    body = "".join(row(texts, "td") for texts in _cells(account, depth))
    remarks = "<br>".join(map(escape, _remarks(account)))
    return f"<table>{row(_TITLES, 'th')}{body}</table><p>{remarks}</p>"


def _cells(account: "Account", depth: int) -> list[tuple[str, ...]]:
    at_least = "≥ " if account.unknown_ops else ""
    return [
        (
            "  " * row.depth + row.name,
            row.kind,
            show_count(row.params),
            at_least + show_count(row.macs),
            at_least + show_count(row.flops),
            show_share(row.macs / account.macs) if account.macs else "",
        )
        for row in summary_rows(account, depth)
    ]


def _remarks(account: "Account") -> list[str]:
    passes = "forward + backward" if account.backward else "forward"
    way = "shapes alone" if account.inputs == "meta" else "a real run, as values of the input are read"
    remarks = [
        f"{passes}, counted from {way}; 1 MAC is 2 of the FLOPs",
        f"bytes moved {show_bytes(account.bytes_moved)}",
        f"activation memory {show_bytes(account.activation_memory)}",
    ]
    if account.unknown_ops:
        remarks.append(f"no rule for {', '.join(account.unknown_ops)}: MACs and FLOPs are at least these")
    return remarks
