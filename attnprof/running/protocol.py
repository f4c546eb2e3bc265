"""The messages between the parent and a worker, one JSON object a line: requests, tagged "do"; responses,
tagged "event". A response has the token of the worker and the number of its process before it: what a module
writes, and what a copy of the worker says, is none.

The first request is a SetupRequest, and is answered by a ReadyResponse or an UnavailableResponse. While a
worker carries out a MeasureRequest, StepEvents say which case it works on: before whatever may take long, and
when that changes.
"""

import msgspec

from attnprof.backends import EXACT, Arithmetic
from attnprof.catalogue.values import Value
from attnprof.explaining.explanation import CounterReport, Explanation, Form
from attnprof.explaining.kernels import KernelReport
from attnprof.exporting import ExportReport
from attnprof.measuring.bound import Peaks
from attnprof.measuring.rounds import Effort
from attnprof.records.case import Case
from attnprof.records.codec import Decoder
from attnprof.records.environment import Environment
from attnprof.records.record import AccountEvent, Event, VisitEvent


class SentFile(msgspec.Struct, frozen=True):
    """A file of the user's own that a worker on another machine needs."""

    location: str  # 'my.py:Gate', 'my_pkg.attn:Gate'
    path: str  # from the working directory; empty: of an installed package
    digest: str  # SHA-256
    text: str | None = None  # None: an installed package has it there, too


class SetupRequest(msgspec.Struct, frozen=True, tag_field="do", tag="setup"):
    """Set the device up."""

    device: str = "meta"  # 'auto': the best there is. 'meta': only to count
    threads: int = 1
    memory_limit: int | None = None  # bytes that a case may allocate; None: nine tenths of what is free
    allow_busy: bool = False  # use a device that others compute on, too
    arithmetic: Arithmetic = EXACT  # the liberties that a GPU has
    files: tuple[SentFile, ...] = ()  # of the user's own, to a worker on another machine
    token: str = ""  # what every line of the worker begins with, its process's number next


class AccountRequest(msgspec.Struct, frozen=True, tag_field="do", tag="account"):
    """Count a case exactly. The response is an AccountEvent or a Failure."""

    case: Case
    metrics: tuple[str, ...]
    no_counters: str = ""  # why the other counters do not run; empty: they do


class ModelRequest(msgspec.Struct, frozen=True, tag_field="do", tag="model"):
    """Write the module of a case as its runtime reads it. The response is an ModelEvent or a Failure."""

    case: Case
    folder: str  # where to


class PeaksRequest(msgspec.Struct, frozen=True, tag_field="do", tag="peaks"):
    """Measure what the device can do at best. The response is a PeaksEvent."""

    dtypes: tuple[str, ...]


class MeasureRequest(msgspec.Struct, frozen=True, tag_field="do", tag="measure"):
    """Measure a block of cases. The responses are StepEvents, one VisitEvent or Failure for each case that
    there was time for, and EndResponse."""

    cases: tuple[Case, ...]  # the cheapest first
    metrics: tuple[str, ...]
    effort: Effort
    process: int = 0  # number of the process, from 0
    spread: bool = False  # give quartiles instead of a confidence interval
    peaks: Peaks | None = None  # of the device, where a metric needs them
    baseline: Case | None = None  # measured beside them, and one of them or not
    estimator: str = ""  # of attnprof.measuring.estimators; empty: the device's
    models: str = ""  # the folder of the modules that are exported already


class ThreadsRequest(msgspec.Struct, frozen=True, tag_field="do", tag="threads"):
    """Look which threads compute a case. The response is a ThreadsResponse or a Failure."""

    case: Case


class FinishRequest(msgspec.Struct, frozen=True, tag_field="do", tag="finish"):
    """End the MeasureRequest at hand after the visit at hand. There is no response."""


class ExplainRequest(msgspec.Struct, frozen=True, tag_field="do", tag="explain"):
    """Explain the counts of a case. The response is an ExplainResponse or a Failure."""

    case: Case
    verify: bool = False  # compare the operators' shapes with those of torch's kernels


class NetworkRequest(msgspec.Struct, frozen=True, tag_field="do", tag="network"):
    """Explain the counts of a module that has inputs of its own. The response is an ExplainResponse or a
    Failure."""

    location: str  # 'my.py:Net'
    inputs: str  # as catalogue/inputs.py reads them
    settings: dict[str, Value] = msgspec.field(default_factory=dict)  # arguments of its constructor
    train: bool = False
    real: bool = False  # count a real run


class CompareRequest(msgspec.Struct, frozen=True, tag_field="do", tag="compare"):
    """Compare another counter's figure with ours. The response is a CompareResponse or a Failure."""

    case: Case
    counter: str


class FormsRequest(msgspec.Struct, frozen=True, tag_field="do", tag="forms"):
    """Derive the closed forms of a case. The response is a FormsResponse or a Failure."""

    case: Case
    around: bool = False  # only the piece that holds at the size of the case


class KernelsRequest(msgspec.Struct, frozen=True, tag_field="do", tag="kernels"):
    """Look which kernels a call of a case launches. The response is a KernelsResponse or a Failure."""

    case: Case
    folder: str = ""  # for temporary files; empty: the system's own


class ExportRequest(msgspec.Struct, frozen=True, tag_field="do", tag="export"):
    """Write a case as a file that people deploy, and one with an input and its outputs beside it. The
    response is a ExportResponse, a DifferentResponse, an UnavailableResponse where there is no room for it,
    or a Failure."""

    case: Case
    kind: str  # of attnprof.exporting.KINDS
    path: str  # of the file; its folder is there
    opset: int | None = None  # of ONNX; None: the exporter's own


class ReadyResponse(msgspec.Struct, frozen=True, tag_field="event", tag="ready"):
    """The device is set up."""

    environment: Environment


class UnavailableResponse(msgspec.Struct, frozen=True, tag_field="event", tag="unavailable"):
    """The device cannot be used, or not as it is requested; a disk is full."""

    reason: str
    is_usable: bool = False  # in another way


class BeginEvent(msgspec.Struct, frozen=True, tag_field="event", tag="begin"):
    """The count of a case begins."""

    case: Case


class PhaseEvent(msgspec.Struct, frozen=True, tag_field="event", tag="phase"):
    """A part of the run begins."""

    name: str  # 'counting', 'exporting', 'process 1', 'process 2', ... or 'other counters'
    cells: int  # that it is about


class ForecastEvent(msgspec.Struct, frozen=True, tag_field="event", tag="forecast"):
    """What is expected of the run: said when the cells are counted, and again after each process."""

    seconds: float  # of the whole run, from its beginning
    processes: int  # behind a figure whose place is open
    # Half of the interval's width to be expected of their ratios, as a share; None where nothing tells.
    precision: float | None = None


class StepEvent(msgspec.Struct, frozen=True, tag_field="event", tag="at"):
    """The worker now measures this case."""

    key: str  # of the case; '' for the control kernel
    seconds: float | None = None  # of one call, where it is known
    preparation: float = 0.0  # seconds that its block has spent on conversion or compilation until now


class ModelEvent(msgspec.Struct, frozen=True, tag_field="event", tag="model"):
    """The module of a case is written as its runtime reads it."""

    key: str  # of the case
    seconds: float  # that it took
    flags: tuple[str, ...] = ()  # of attnprof.records.record.FLAGS


class PeaksEvent(msgspec.Struct, frozen=True, tag_field="event", tag="peaks"):
    """What the device can do at best."""

    peaks: Peaks


class LaneEvent(msgspec.Struct, frozen=True, tag_field="event", tag="lane"):
    """Something about a lane. It is said by a run on several, and by no worker."""

    lane: str
    device: str  # its name, 'NVIDIA H200'
    state: str  # 'begins', 'ends': a block; 'lost': the worker, or the way to it; 'retired': for good
    words: str  # what block, or why
    seconds: float | None = None  # until the end of the whole run, as far as can be told


class Failure(msgspec.Struct, frozen=True, tag_field="event", tag="failed"):
    """A case could not be counted or measured."""

    key: str  # of the case
    status: str
    reason: str
    flags: tuple[str, ...] = ()  # of attnprof.records.record.FLAGS


class EndResponse(msgspec.Struct, frozen=True, tag_field="event", tag="end"):
    """The block is measured."""

    preparation: float = 0.0  # seconds in which its modules were converted or compiled, outside the budget


class ExplainResponse(msgspec.Struct, frozen=True, tag_field="event", tag="explained"):
    """The explanation of a case's counts."""

    explanation: Explanation


class CompareResponse(msgspec.Struct, frozen=True, tag_field="event", tag="compared"):
    """What another counter says."""

    report: CounterReport


class FormsResponse(msgspec.Struct, frozen=True, tag_field="event", tag="forms"):
    """The closed forms of a case."""

    forms: tuple[Form, ...]


class ExportResponse(msgspec.Struct, frozen=True, tag_field="event", tag="exported"):
    """What was written."""

    report: ExportReport


class DifferentResponse(msgspec.Struct, frozen=True, tag_field="event", tag="different"):
    """The file that was written computes something else than torch."""

    reason: str


class KernelsResponse(msgspec.Struct, frozen=True, tag_field="event", tag="kernels"):
    """The kernels of a case's call, and its latency."""

    report: KernelReport


class ThreadsResponse(msgspec.Struct, frozen=True, tag_field="event", tag="threads"):
    """Which threads computed a case."""

    ratio: float  # the CPU time of the process over that of the calling thread


CaseRequest = (  # about one case
    AccountRequest | ExplainRequest | CompareRequest | FormsRequest | ExportRequest
)
Request = (
    SetupRequest
    | CaseRequest
    | ModelRequest
    | NetworkRequest
    | KernelsRequest
    | ThreadsRequest
    | PeaksRequest
    | MeasureRequest
    | FinishRequest
)
CaseResponse = (
    AccountEvent
    | ExplainResponse
    | CompareResponse
    | FormsResponse
    | ExportResponse
    | DifferentResponse
    | UnavailableResponse
    | Failure
)
BlockResponse = StepEvent | VisitEvent | Failure | EndResponse  # to a MeasureRequest
Response = (
    ReadyResponse
    | UnavailableResponse
    | CaseResponse
    | ModelEvent
    | KernelsResponse
    | ThreadsResponse
    | PeaksEvent
    | BlockResponse
)
# What passes by, and is not recorded.
Progress = PhaseEvent | ForecastEvent | BeginEvent | ModelEvent | StepEvent | PeaksEvent | LaneEvent
RunEvent = Event | Progress

requests: Decoder[Request] = Decoder(Request)
responses: Decoder[Response] = Decoder(Response)
