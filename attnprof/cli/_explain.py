"""``attnprof explain``: one module's counts at one size, operator by operator."""

from typing import Any

from attnprof.catalogue import entry
from attnprof.catalogue.selection import matching
from attnprof.cli._network_inputs import explanations_of
from attnprof.cli._progress import starting
from attnprof.cli._terminal import Terminal
from attnprof.errors import NOT_MET, ImpossibleShapeError, UsageError
from attnprof.formats import FORMATS
from attnprof.grid import parse_point, show_res
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.running.inquiry import Inquiry
from attnprof.spec.file import Source, merge
from attnprof.views.explanation import document, network_document


def explain(
    target: str,
    formula: bool,
    verify: bool,
    input: str | None,
    real: bool,
    format: str,
    terminal: Terminal,
    **fields: Any,
) -> int:
    """Explain ``target``. fields: of the spec, as their options have them."""
    FORMATS.module_name(format)
    if input is not None:
        [explanation] = explanations_of([target], input, fields["train"], real, terminal)
        mode = "train: forward + backward" if fields["train"] else "eval"
        terminal.print(network_document(target, input, mode, explanation), format)
        return 0
    case = _case(target, fields)
    with Inquiry() as inquiry, starting(terminal):
        explanation = inquiry.explanation(case, verify)
        counters = inquiry.counters(case)
        forms = inquiry.forms(case) if formula else []
    name = entry(case.module).name
    terminal.print(document(case, name, explanation, counters, forms), format)
    return NOT_MET if explanation.differs else 0


def _case(target: str, fields: dict[str, Any]) -> Case:
    """The case that NAME@C@HxW means.

    Raises UnknownNameError, UsageError, ImpossibleShapeError or SpecError, in words for the user.
    """
    name, *size = target.rsplit("@", 2)
    if len(size) != 2 or not name:
        raise UsageError(f"{target!r} has no size; write {name or 'se'}@64@56 or {name or 'se'}@256@28x40")
    try:
        point = parse_point("@".join(size))
    except ValueError as problem:
        raise UsageError(f"{target}: {problem}") from None
    if len(matching(name)) != 1:
        raise UsageError(f"{name!r} stands for several modules; explain takes one")
    options = Source(fields, {field: f"--{field}" for field in fields})
    preset = Source({"modules": [name], "points": ["@".join(size)], "no_latency": True}, {})
    spec = merge([options, preset])
    if len(spec.batches) > 1:
        raise UsageError(f"--batch: explain is of one batch, not of {' and '.join(map(str, spec.batches))}")
    cell = plan(spec, "meta").cells[-1]
    if cell.refusal:
        raise ImpossibleShapeError(f"{name}@{point[0]}@{show_res(point[1:])} - {cell.refusal}")
    return cell.case
