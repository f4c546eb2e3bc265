"""A response is believed where it can be what was asked for."""

from math import inf, nan

import msgspec
import pytest

from attnprof.explaining.kernels import KernelReport, KernelUse
from attnprof.exporting import ExportReport, Port
from attnprof.measuring.bound import Peaks
from attnprof.measuring.rounds import Effort
from attnprof.measuring.timing import MeasuredTime
from attnprof.records.case import Case
from attnprof.records.record import DeviceState, Footprint, Measurement, account_event, visit_event
from attnprof.running.checking import objection
from attnprof.running.protocol import (
    AccountRequest,
    CompareRequest,
    EndResponse,
    ExplainRequest,
    ExportRequest,
    ExportResponse,
    Failure,
    FormsRequest,
    KernelsRequest,
    KernelsResponse,
    MeasureRequest,
    ModelEvent,
    ModelRequest,
    NetworkRequest,
    PeaksEvent,
    PeaksRequest,
    ReadyResponse,
    SetupRequest,
    StepEvent,
    ThreadsRequest,
    ThreadsResponse,
    UnavailableResponse,
)

SE, ECA = Case("se", 64, 8, 8), Case("eca", 64, 8, 8)
COUNT = AccountRequest(SE, ("params", "flops_incomplete"))
MEASURE = MeasureRequest((SE, ECA), ("latency",), Effort(), process=1)
EXPORT = ModelRequest(SE, "models")
PARAMS = Measurement("params", 512, "count")
COMPLETE = Measurement("flops_incomplete", "false", "")
LATENCY = Measurement("latency", 1e-3, "s", (1e-3, 2e-3), "samples", 9)
PEAKS = Peaks(((2**15, 8e9),), {"mac": 1e9}, 1e-6, 2**24)


def account(*measurements, case=SE, **more):
    return account_event(case, measurements or (PARAMS, COMPLETE), **more)


def visit(case=SE, process=1, measurement=LATENCY, **changes):
    return visit_event(case, process, [msgspec.structs.replace(measurement, **changes)])


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (SetupRequest(), ReadyResponse({"device": "cpu"})),
        (SetupRequest(), UnavailableResponse("no driver")),
        (COUNT, account()),
        (COUNT, account(PARAMS, COMPLETE, flags=["tokens"], footprint=Footprint(1, 2, 3, "a tensor"))),
        (COUNT, account(Measurement("params", None, "count", note="why"), COMPLETE)),
        (COUNT, Failure(SE.key, "failed", "reason")),
        (MEASURE, visit()),
        (MEASURE, visit(ECA, value=0)),
        (MEASURE, visit(value=None, note="contended", interval=None)),
        (MEASURE, Failure(ECA.key, "oom", "no memory")),
        (MEASURE, StepEvent("")),
        (MEASURE, StepEvent(SE.key, 1e-3)),
        (MEASURE, EndResponse(1.5)),
        (EXPORT, ModelEvent(SE.key, 1.5)),
        (ThreadsRequest(SE), ThreadsResponse(1.1)),
        (EXPORT, Failure(SE.key, "failed", "not exported to ONNX: no operator")),
        (PeaksRequest(("fp32",)), PeaksEvent(PEAKS)),
        (ExplainRequest(SE), Failure(SE.key, "failed", "reason")),
        (CompareRequest(SE, "fvcore"), Failure(SE.key, "failed", "reason")),
        (FormsRequest(SE), Failure(SE.key, "failed", "reason")),
        (NetworkRequest("my.py:Net", "1x3x8x8"), Failure("", "failed", "reason")),
    ],
)
def test_what_can_be_is_believed(request_, response):
    assert objection(request_, response) == ""


@pytest.mark.parametrize(
    "response",
    [
        ReadyResponse({}),
        visit(),
        StepEvent(SE.key),
        account(case=ECA),
        msgspec.structs.replace(account(), key=ECA.key),
        msgspec.structs.replace(account(), case=ECA),
        account(PARAMS),
        account(COMPLETE, PARAMS),
        account(PARAMS, COMPLETE, LATENCY),
        account(PARAMS, COMPLETE, flags=["well-behaved"]),
        account(PARAMS, COMPLETE, footprint=Footprint(macs=-1)),
        account(Measurement("params", "512", "count"), COMPLETE),
        account(Measurement("params", True, "count"), COMPLETE),
        account(Measurement("params", 512, "bytes"), COMPLETE),
        account(PARAMS, Measurement("flops_incomplete", 1, "")),
        account(PARAMS, Measurement("flops_incomplete", "caf\udce9", "")),
        Failure(ECA.key, "failed", "reason"),
        Failure(SE.key, "ok", "reason"),
        Failure(SE.key, "done", "reason"),
        Failure(SE.key, "failed", ""),
        Failure(SE.key, "failed", "caf\udce9"),
    ],
)
def test_what_cannot_be_a_count_is_not(response):
    assert objection(COUNT, response)


@pytest.mark.parametrize(
    "response",
    [
        account(),
        visit(Case("none", 64, 8, 8)),
        visit(process=0),
        visit(value=nan),
        visit(value=inf),
        visit(value=-1e-3),
        visit(value="fast"),
        visit(interval=(2e-3, 1e-3)),
        visit(interval=(1e-3, inf)),
        visit(n=-1),
        visit(metric="params"),
        visit(note="caf\udce9"),
        msgspec.structs.replace(visit(), device=DeviceState(nan, 0)),
        msgspec.structs.replace(visit(), device=DeviceState(1e9, 0, watts=-1)),
        msgspec.structs.replace(visit(), flags=("fast",)),
        StepEvent("another"),
        StepEvent(SE.key, nan),
        StepEvent(SE.key, -1.0),
        EndResponse(nan),
        EndResponse(-1.0),
        Failure("", "failed", "reason"),
    ],
)
def test_what_cannot_be_a_measurement_is_not(response):
    assert objection(MEASURE, response)


@pytest.mark.parametrize(
    "response",
    [
        ModelEvent(ECA.key, 1.0),
        ModelEvent(SE.key, -1.0),
        ModelEvent(SE.key, nan),
        ModelEvent(SE.key, 1.0, ("fast",)),
        Failure(ECA.key, "failed", "reason"),
        EndResponse(),
    ],
)
def test_what_cannot_be_an_export_is_not(response):
    assert objection(EXPORT, response)


def test_threads_cannot_take_less_than_no_time():
    for ratio in (nan, -1.0):
        assert objection(ThreadsRequest(SE), ThreadsResponse(ratio))


def kernels(use=None, **more):
    use = KernelUse(**{"name": "gemm", "runs": 1.0, "seconds": 1e-6, **(use or {})})
    fields = {"kind": "kernel", "uses": (use,), "total": use, "calls": 8, "estimator": "median", "note": ""}
    return KernelsResponse(KernelReport(**{**fields, "latency": None, **more}))


def test_the_kernels_of_a_call_are_believed():
    assert not objection(KernelsRequest(SE), kernels())
    assert not objection(KernelsRequest(SE), kernels(latency=MeasuredTime(1e-3, (1e-3, 2e-3), "samples", 9)))
    assert not objection(KernelsRequest(SE), Failure(SE.key, "oom", "no memory"))


@pytest.mark.parametrize(
    "response",
    [
        kernels({"seconds": nan}),
        kernels({"runs": -1.0}),
        kernels({"share": inf}),
        kernels({"interval": (0.0, nan)}),
        kernels({"name": "\udc80"}),
        kernels(calls=0),
        kernels(estimator="guess"),
        kernels(latency=MeasuredTime(nan, None, "", 1)),
        kernels(flags=("fast",)),
        Failure(ECA.key, "oom", "no memory"),
        EndResponse(),
    ],
)
def test_what_cannot_be_the_kernels_of_a_call_is_not(response):
    assert objection(KernelsRequest(SE), response)


def deployed(**changes):
    port = Port("x", (1, 64, 7, 7))
    fields = {"inputs": (port,), "outputs": (port,), "operators": {"Mul": 1}, "opset": 20, "error": 1e-7}
    return ExportResponse(ExportReport(**{**fields, **changes}))


@pytest.mark.parametrize(
    ("response", "is_sound"),
    [
        (deployed(), True),
        (Failure(SE.key, "failed", "no operator"), True),
        (deployed(error=nan), False),
        (deployed(operators={"Mul": -1}), False),
        (deployed(operators={"\udc80": 1}), False),
        (deployed(inputs=(Port("\udc80", (1,)),)), False),
        (Failure(ECA.key, "failed", "no operator"), False),
        (kernels(), False),
    ],
)
def test_a_file_that_was_written_is_believed_where_it_can_be_one(response, is_sound):
    assert (not objection(ExportRequest(SE, "onnx", "se.onnx"), response)) == is_sound


@pytest.mark.parametrize(
    "changes", [{"bandwidths": ()}, {"launch": nan}, {"rates": {"mac": inf}}, {"cache": -1}, {"clock": nan}]
)
def test_what_cannot_be_peaks_is_not(changes):
    peaks = Peaks(**{**vars(PEAKS), **changes})
    assert objection(PeaksRequest(("fp32",)), PeaksEvent(peaks))
