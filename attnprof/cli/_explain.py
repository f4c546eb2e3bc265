"""``attnprof explain``: one module's counts at one size, operator by operator, or the kernels of its call."""

from collections.abc import Mapping
from typing import Any

from attnprof.catalogue import entry
from attnprof.cli._network_inputs import explanations_of
from attnprof.cli._progress import starting
from attnprof.cli._target import case_of_target, spec_of_target
from attnprof.cli._terminal import Terminal
from attnprof.cli._worker import note_crowding
from attnprof.cli.explain import CONDITIONS
from attnprof.errors import NOT_MET, UsageError
from attnprof.formats import FORMATS
from attnprof.running.client import setup_for
from attnprof.running.inquiry import Inquiry
from attnprof.runtimes import require_available
from attnprof.spec import Spec
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
    measuring = "--kernels" if kernels else "--runtime" if "runtime" in settings else ""
    if measuring:
        _refuse({"--formula": formula, "--verify": verify, "--input": input, "--real": real}, measuring)
        return _explain_kernels(target, settings, format, terminal)
    _require_kernels(settings)
    if input is not None:
        return _explain_called_with(input, target, real, settings, format, terminal)
    case = case_of_target(target, spec_of_target("explain", target, settings, no_latency=True), "meta")
    with Inquiry() as inquiry, starting(terminal):
        explanation = inquiry.explanation(case, verify)
        counters = inquiry.counters(case)
        forms = inquiry.forms(case) if formula else []
    name = entry(case.module).name
    terminal.print(document(case, name, explanation, counters, forms), format)
    return NOT_MET if explanation.differs else 0


def _explain_called_with(
    inputs: str, target: str, real: bool, settings: Mapping[str, Any], format: str, terminal: Terminal
) -> int:
    if "dtype" in settings:
        raise UsageError("--dtype goes with NAME@C@HxW: --input says the type of each input")
    train = bool(settings.get("train"))
    [explanation] = explanations_of([target], inputs, train, real, terminal)
    mode = "train: forward + backward" if train else "eval"
    terminal.print(network_document(target, inputs, mode, explanation), format)
    return 0


def _refuse(options: Mapping[str, object], measuring: str) -> None:
    """Raises UsageError for an option that counts, beside the option ``measuring``."""
    counting = [option for option, value in options.items() if value]
    if counting:
        raise UsageError(f"{counting[0]} is about counts, and {measuring} measures: leave one of them out")


def _require_kernels(settings: Mapping[str, Any]) -> None:
    """Raises UsageError for an option that only a call that is measured has."""
    conditions = [field for field in CONDITIONS if field in settings]
    if conditions:
        option = f"--{conditions[0].replace('_', '-')}"
        raise UsageError(f"{option} goes with --kernels: it is a condition of what is measured")


def _require_measurable(target: str, spec: Spec) -> None:
    """Raises what a worker need not be started for: a size that the module does not take, several runtimes,
    one that is not installed."""
    if len(spec.executions) > 1:
        raise UsageError(f"--runtime: explain is of one runtime, not of {' and '.join(spec.executions)}")
    require_available(spec.runtime)
    case_of_target(target, spec.model_copy(update={"runtime": ()}), spec.device)


def _explain_kernels(target: str, settings: Mapping[str, Any], format: str, terminal: Terminal) -> int:
    spec = spec_of_target("explain", target, settings, metrics="latency")
    _require_measurable(target, spec)
    note_crowding(spec, terminal)
    with Inquiry(setup_for(spec)) as inquiry, starting(terminal):
        environment = inquiry.environment
        case = case_of_target(target, spec, environment["device"])
        report = inquiry.kernels(case)
    terminal.print(kernels_view.document(case, entry(case.module).name, environment, report), format)
    return 0
