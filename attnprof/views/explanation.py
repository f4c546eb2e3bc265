"""An explanation as a page of text: the counts, the tree, the other counters, and the closed forms."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from textwrap import fill, wrap
from typing import Any

from attnprof.catalogue.user_location import is_path, location_of
from attnprof.explaining.explanation import CounterReport, Explanation, Form
from attnprof.records.case import Case
from attnprof.records.characters import printable
from attnprof.units import show_bytes, show_count, significant
from attnprof.views.document import Document, Look, Remark, TableCell, TableColumn, Written
from attnprof.views.operator_tree import TABLE_COLUMNS, WIDTH, table_rows, tree
from attnprof.views.other_counters import counters_section
from attnprof.views.polynomials import written

WIDEST = 100  # of a page, however wide the terminal is
SHARES = (
    "share: of the FLOPs. grows with: the leading terms of the FLOPs (of the bytes, where there are none)."
)


def document(
    case: Case, name: str, explanation: Explanation, counters: Sequence[CounterReport], forms: Sequence[Form]
) -> Document:
    """The tree as a table, every figure exact; on a terminal a page.

    name: what the field calls the module.
    """
    return Document(
        columns=TABLE_COLUMNS,
        rows=table_rows(explanation.tree),
        above=[Remark(line) for line in _head(case, name, explanation).split("\n")],
        below=[SHARES],
        page=partial(_page, case, name, explanation, counters, forms),
        data=partial(_data, case, explanation, counters, forms),
    )


def network_document(name: str, inputs: str, mode: str, explanation: Explanation) -> Document:
    """The same of a module that is called with ``inputs`` of its own: without counters and closed forms."""
    head = f"{printable(name)}\n{printable(inputs)}, {mode}, counted on {_way(explanation)}"

    def page(look: Look) -> Written:
        width = _page_width(look)
        table, dropped = tree(explanation.tree, look)
        parts = [head, _totals(explanation, width), table, *_unknown(explanation, width)]
        return Written("\n\n".join(parts), _hidden(dropped))

    return Document(
        columns=TABLE_COLUMNS,
        rows=table_rows(explanation.tree),
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
    width = _page_width(look)
    table, dropped = tree(explanation.tree, look)
    parts = [
        _head(case, name, explanation),
        _totals(explanation, width),
        table,
        fill(f"{SHARES} Figures have three digits; all of them: --format json.", width),
        *_remarks(explanation, width),
        *_unknown(explanation, width),
    ]
    if counters:
        parts.append(counters_section(counters, explanation.forward_macs, width, case.mode == "train"))
    if forms:
        parts.append(written(forms, width, case.batch))
    parts += _verification(explanation, width)
    return Written("\n\n".join(parts), _hidden(dropped))


def _page_width(look: Look) -> int:
    return min(look.width or WIDTH, WIDEST)


def _hidden(columns: Sequence[str]) -> tuple[str, ...]:
    """The note on ``columns`` that did not fit."""
    return (f"columns hidden (narrow terminal): {', '.join(columns)}",) if columns else ()


def _remarks(explanation: Explanation, width: int) -> list[str]:
    """How a module of the user's was called, and what it gives."""
    if not explanation.remarks:
        return []
    sentences = [f"{text[:1].upper()}{text[1:]}." for text in map(printable, explanation.remarks)]
    return [fill(" ".join(sentences), width)]


def _unknown(explanation: Explanation, width: int) -> list[str]:
    if not explanation.unknown:
        return []
    listed = ", ".join(explanation.unknown)
    return [fill(f"No rule for {listed}: MACs and FLOPs are at least the figures shown.", width)]


def _verification(explanation: Explanation, width: int) -> list[str]:
    """What came of --verify, where it was requested."""
    if explanation.verified is None:
        return []
    if explanation.differs:
        return [fill(f"not verified: {explanation.differs}", width)]
    operators = f"the shapes of all {explanation.verified} operators"
    return [fill(f"verified: {operators} are those of torch's own kernels.", width)]


def title_of(case: Case, name: str) -> str:
    """The module with its settings, and what the field calls it."""
    own_name = location_of(case.module).name if is_path(case.module) else ""
    called = f" - {name}" if name not in ("", own_name) else ""
    return f"{printable(case.title)}{called}"


def _head(case: Case, name: str, explanation: Explanation) -> str:
    mode = "train: forward + backward" if case.mode == "train" else "eval"
    return f"{title_of(case, name)}\n{case.input_text}, {case.dtype}, {mode}, counted on {_way(explanation)}"


def _way(explanation: Explanation) -> str:
    return "a real run, as values of the input are read" if explanation.is_real else "meta tensors"


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
