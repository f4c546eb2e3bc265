"""``attnprof explain``: one module's counts at one size, operator by operator, or the kernels of its call."""

from collections.abc import Mapping
from typing import Any

from attnprof.catalogue import entry
from attnprof.catalogue.selection import matching
from attnprof.cli._network_inputs import explanations_of
from attnprof.cli._progress import starting
from attnprof.cli._terminal import Terminal
from attnprof.cli._worker import note_crowding
from attnprof.cli.explain import CONDITIONS
from attnprof.errors import NOT_MET, ImpossibleShapeError, UsageError
from attnprof.formats import FORMATS
from attnprof.grid import parse_point, show_res
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.running.client import setup_for
from attnprof.running.inquiry import Inquiry
from attnprof.spec import Spec
from attnprof.spec.file import Source, merge
from attnprof.views import kernels as kernels_view
from attnprof.views.explanation import document, network_document


def explain(
    target: str,
    formula: bool,
    verify: bool,
    input: str | None,
    real: bool,
    kernels: bool,
    format: str,
    terminal: Terminal,
    **fields: Any,
) -> int:
    """Explain ``target``. fields: of the spec, as their options have them."""
    FORMATS.module_name(format)
    settings = {field: value for field, value in fields.items() if value not in (None, False)}
    if kernels:
        _refuse({"--formula": formula, "--verify": verify, "--input": input, "--real": real})
        return _explain_kernels(target, settings, format, terminal)
    _require_kernels(settings)
    if input is not None and "dtype" in settings:
        raise UsageError("--dtype goes with NAME@C@HxW: --input says the type of each input")
    if input is not None:
        [explanation] = explanations_of([target], input, fields["train"], real, terminal)
        mode = "train: forward + backward" if fields["train"] else "eval"
        terminal.print(network_document(target, input, mode, explanation), format)
        return 0
    case = _case(target, _spec(target, settings, no_latency=True), "meta")
    with Inquiry() as inquiry, starting(terminal):
        explanation = inquiry.explanation(case, verify)
        counters = inquiry.counters(case)
        forms = inquiry.forms(case) if formula else []
    name = entry(case.module).name
    terminal.print(document(case, name, explanation, counters, forms), format)
    return NOT_MET if explanation.differs else 0


def _refuse(options: Mapping[str, object]) -> None:
    """Raises UsageError for an option that counts, beside --kernels."""
    counting = [option for option, value in options.items() if value]
    if counting:
        raise UsageError(f"{counting[0]} is about counts, and --kernels measures: leave one of them out")


def _require_kernels(settings: Mapping[str, Any]) -> None:
    """Raises UsageError for an option that only a call that is measured has."""
    conditions = [field for field in CONDITIONS if field in settings]
    if conditions:
        option = f"--{conditions[0].replace('_', '-')}"
        raise UsageError(f"{option} goes with --kernels: it is a condition of what is measured")


def _explain_kernels(target: str, settings: Mapping[str, Any], format: str, terminal: Terminal) -> int:
    spec = _spec(target, settings, metrics="latency")
    _case(target, spec, spec.device)  # a size that it does not take is said before a worker starts
    note_crowding(spec, terminal)
    with Inquiry(setup_for(spec)) as inquiry, starting(terminal):
        environment = inquiry.environment
        case = _case(target, spec, environment["device"])
        report = inquiry.kernels(case)
    terminal.print(kernels_view.document(case, entry(case.module).name, environment, report), format)
    return 0


def _spec(target: str, settings: Mapping[str, Any], **more: Any) -> Spec:
    """The spec whose last cell is NAME@C@HxW.

    Raises UnknownNameError, UsageError or SpecError, in words for the user.
    """
    name, size = _name_and_size(target)
    if len(matching(name)) != 1:
        raise UsageError(f"{name!r} stands for several modules; explain takes one")
    options = Source(settings, {field: f"--{field.replace('_', '-')}" for field in settings})
    spec = merge([options, Source({"modules": [name], "points": [size], **more}, {})])
    if len(spec.batches) > 1:
        raise UsageError(f"--batch: explain is of one batch, not of {' and '.join(map(str, spec.batches))}")
    return spec


def _name_and_size(target: str) -> tuple[str, str]:
    """'se' and '64@56' of 'se@64@56'. Raises UsageError."""
    name, *size = target.rsplit("@", 2)
    if len(size) != 2 or not name:
        raise UsageError(f"{target!r} has no size; write {name or 'se'}@64@56 or {name or 'se'}@256@28x40")
    try:
        parse_point("@".join(size))
    except ValueError as problem:
        raise UsageError(f"{target}: {problem}") from None
    return name, "@".join(size)


def _case(target: str, spec: Spec, device: str) -> Case:
    """The case of ``spec`` on ``device``. Raises ImpossibleShapeError for a size that the module refuses."""
    cell = plan(spec, device).cells[-1]
    if cell.refusal:
        name, size = _name_and_size(target)
        point = parse_point(size)
        raise ImpossibleShapeError(f"{name}@{point[0]}@{show_res(point[1:])} - {cell.refusal}")
    return cell.case
