"""What a worker says, against what it was asked: a module shares its process, and may have made it say
anything."""

from collections.abc import Iterable, Sequence
from functools import cache
from math import inf, isfinite

from attnprof.explaining.kernels import KernelReport
from attnprof.exporting import ExportReport
from attnprof.measuring.estimators import ESTIMATORS
from attnprof.metrics import METRICS, Metric
from attnprof.records.record import FLAGS, STATUSES, AccountEvent, Measurement, VisitEvent
from attnprof.running.protocol import (
    AccountRequest,
    CompareRequest,
    CompareResponse,
    DifferentResponse,
    EndResponse,
    ExplainRequest,
    ExplainResponse,
    ExportRequest,
    ExportResponse,
    Failure,
    FinishRequest,
    FormsRequest,
    FormsResponse,
    KernelsRequest,
    KernelsResponse,
    MeasureRequest,
    ModelEvent,
    ModelRequest,
    NetworkRequest,
    PeaksEvent,
    PeaksRequest,
    ReadyResponse,
    Request,
    Response,
    SetupRequest,
    StepEvent,
    ThreadsRequest,
    ThreadsResponse,
    UnavailableResponse,
)

ANSWERS: dict[type, tuple[type, ...]] = {
    SetupRequest: (ReadyResponse, UnavailableResponse),
    AccountRequest: (AccountEvent, Failure),
    ModelRequest: (ModelEvent, Failure),
    PeaksRequest: (PeaksEvent,),
    MeasureRequest: (StepEvent, VisitEvent, Failure, EndResponse),
    ExplainRequest: (ExplainResponse, Failure),
    NetworkRequest: (ExplainResponse, Failure),
    CompareRequest: (CompareResponse, Failure),
    FormsRequest: (FormsResponse, Failure),
    ExportRequest: (ExportResponse, DifferentResponse, UnavailableResponse, Failure),
    KernelsRequest: (KernelsResponse, Failure),
    ThreadsRequest: (ThreadsResponse, Failure),
}
WORDS = ("text", "code")  # kinds of metrics that are no numbers
SIGNED = ("change", "number")  # kinds that may be below zero


def objection(request: Request, response: Response) -> str:
    """Why ``response`` cannot be what ``request`` asks for; empty where it can."""
    if not isinstance(response, ANSWERS[type(request)]):
        return f"{type(response).__name__} to {type(request).__name__}"
    if isinstance(response, ModelEvent | EndResponse):
        return _of_preparation(request, response)
    if isinstance(response, DifferentResponse | UnavailableResponse):
        return "" if _is_text(response.reason) else "a reason that cannot be written"
    return _of_figures(request, response)


def is_last(request: Request, response: Response) -> bool:
    """Whether ``response`` is the last one to ``request``."""
    return not isinstance(request, MeasureRequest) or isinstance(response, EndResponse)


def _of_figures(request: Request, response: Response) -> str:
    match response:
        case AccountEvent():
            return _of_account(request, response)
        case VisitEvent():
            return _of_visit(request, response)
        case Failure():
            return _of_failure(request, response)
        case StepEvent():
            return _of_step(request, response)
        case PeaksEvent():
            return _of_peaks(response)
        case ThreadsResponse():
            return "" if _is_figure(response.ratio) else f"a ratio of {response.ratio}"
        case KernelsResponse() | ExportResponse():
            return _of_report(response.report)
    return ""


def _of_account(request: Request, response: AccountEvent) -> str:
    assert isinstance(request, AccountRequest)
    if response.key != request.case.key or response.case != request.case:
        return "an account of another case"
    footprint = response.footprint
    sizes = footprint.macs, footprint.peak, footprint.weights
    if min(sizes) < 0 or not _is_text(footprint.largest):
        return "a footprint that none has"
    if not all(map(_is_text, response.remarks)):
        return "remarks that cannot be written"
    return _of_flags(response.flags) or _of_measurements(request.metrics, response.measurements)


def _of_visit(request: Request, response: VisitEvent) -> str:
    assert isinstance(request, MeasureRequest)
    if response.key not in _keys(request) or response.process != request.process:
        return "a visit of another case or process"
    state = response.device
    figures = (state.clock, state.throttled, state.celsius, state.watts) if state else ()
    if not all(_is_figure(each) for each in figures if each is not None):
        return f"a device's state of {figures}"
    return _of_flags(response.flags) or _of_measurements(request.metrics, response.measurements)


def _of_failure(request: Request, response: Failure) -> str:
    if response.key not in _keys(request):
        return "a failure of another case"
    if response.status not in STATUSES or response.status == "ok":
        return f"a failure with the status {response.status!r}"
    if not response.reason or not _is_text(response.reason):
        return "a failure without a reason"
    return _of_flags(response.flags)


def _of_step(request: Request, response: StepEvent) -> str:
    if response.key and response.key not in _keys(request):
        return "a step of another case"
    figures = (response.preparation, *([] if response.seconds is None else [response.seconds]))
    return "" if all(map(_is_figure, figures)) else f"{figures[-1]} seconds"


def _of_preparation(request: Request, response: ModelEvent | EndResponse) -> str:
    """An export or the conversions of a block: how long they took, and of which case."""
    if isinstance(response, EndResponse):
        return "" if _is_figure(response.preparation) else f"{response.preparation} seconds"
    if response.key not in _keys(request):
        return "an export of another case"
    return _of_flags(response.flags) or (
        "" if _is_figure(response.seconds) else f"{response.seconds} seconds"
    )


def _of_peaks(response: PeaksEvent) -> str:
    peaks = response.peaks
    pairs = [figure for pair in peaks.bandwidths for figure in pair]
    figures = (*pairs, *peaks.rates.values(), peaks.launch, peaks.cache, peaks.clock or 0)
    return "" if pairs and all(map(_is_figure, figures)) else "peaks that no device has"


def _of_report(report: KernelReport | ExportReport) -> str:
    return _of_kernels(report) if isinstance(report, KernelReport) else _of_file(report)


def _of_kernels(report: KernelReport) -> str:
    if (
        report.calls < 1
        or report.estimator not in ("", *ESTIMATORS)
        or not all(map(_is_figure, _figures(report)))
    ):
        return "kernels that no call has"
    texts = [text for use in report.uses for text in (use.name, use.operator, use.origin)]
    if not all(map(_is_text, (report.note, *texts))):
        return "kernels whose names cannot be written"
    return _of_flags(report.flags)


def _of_file(report: ExportReport) -> str:
    ports = (*report.inputs, *report.outputs)
    if not all(map(_is_text, (*report.operators, *(port.name for port in ports)))):
        return "a file whose names cannot be written"
    figures = (*report.operators.values(), *(side for port in ports for side in port.shape), report.error)
    return "" if all(map(_is_figure, figures)) else "a file that nobody writes"


def _figures(report: KernelReport) -> list[float]:
    """All figures of a report."""
    uses = [use for use in (*report.uses, report.total) if use]
    figures = [figure for use in uses for figure in (use.runs, use.seconds, use.share, *(use.interval or ()))]
    if report.latency:
        figures += [report.latency.seconds, *(report.latency.interval or ())]
    return figures


def _keys(request: Request) -> frozenset[str]:
    """Of the cases that it is about."""
    match request:
        case MeasureRequest():
            return frozenset(case.key for case in request.cases)
        case SetupRequest() | PeaksRequest() | NetworkRequest() | FinishRequest():
            return frozenset(("",))
    return frozenset((request.case.key,))


def _of_flags(flags: Iterable[str]) -> str:
    unknown = [flag for flag in flags if flag not in FLAGS]
    return f"the flag {unknown[0]!r}" if unknown else ""


def _of_measurements(metrics: Sequence[str], measurements: Sequence[Measurement]) -> str:
    names = tuple(each.metric for each in measurements)
    if names != tuple(metrics):
        return f"figures of {', '.join(names)}"
    wrong = [each for each in measurements if not _is_sound(_metric(each.metric), each)]
    return f"{wrong[0].metric} {wrong[0].value!r}" if wrong else ""


@cache
def _metric(name: str) -> Metric:
    metric: Metric = METRICS.get(name)
    return metric


def _is_sound(metric: Metric, measurement: Measurement) -> bool:
    """Whether a figure is of its metric's unit and type, and its interval is one."""
    if measurement.unit != metric.unit or measurement.n < 0 or not _is_text(measurement.note):
        return False
    low, high = measurement.interval or (0, 0)
    if not -inf < low <= high < inf:  # false of nan, too
        return False
    value = measurement.value
    if value is None:
        return True
    if metric.kind in WORDS:
        return isinstance(value, str) and _is_text(value)
    return _is_figure(value, signed=metric.kind in SIGNED)


def _is_figure(value: object, signed: bool = False) -> bool:
    """Whether it is a number, finite, and not below zero unless ``signed``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isfinite(value) and (signed or value >= 0)


def _is_text(text: str) -> bool:
    """Whether it can be written: a lone surrogate cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
