"""A message means the same at both ends of the pipe."""

from math import inf, nan

import pytest

from attnprof.explaining.explanation import (
    CounterDifference,
    CounterReport,
    Explanation,
    Form,
    FormPiece,
    TreeNode,
)
from attnprof.measuring.bound import Peaks
from attnprof.measuring.rounds import Effort
from attnprof.records.case import Case
from attnprof.records.codec import encode
from attnprof.records.record import Measurement, account_event, visit_event
from attnprof.running.protocol import (
    AccountRequest,
    BeginEvent,
    CompareRequest,
    CompareResponse,
    EndResponse,
    ExplainRequest,
    ExplainResponse,
    Failure,
    FinishRequest,
    FormsRequest,
    FormsResponse,
    MeasureRequest,
    ModelEvent,
    ModelRequest,
    PeaksEvent,
    PeaksRequest,
    ReadyResponse,
    SetupRequest,
    StepEvent,
    ThreadsRequest,
    ThreadsResponse,
    UnavailableResponse,
    requests,
    responses,
)

SE = Case("se", 64, 56, 56, {"bias": False})
PEAKS = Peaks(((2**15, 8e9),), {"mac": 1e9}, 1e-6, 2**24)
TREE = TreeNode("", "SE", 2, 3, 4, 5, "C", parts=(TreeNode("conv", "", 0, 3, 4, 5, "C", shape=(1, 64)),))
REQUESTS = [
    SetupRequest("cuda:1", 2, 2**30, True),
    AccountRequest(SE, ("macs",), "they run at the end"),
    PeaksRequest(("fp32", "bf16")),
    MeasureRequest(
        (SE, Case("eca", 64, 56, 56)), ("latency",), Effort(12.5, 0.02, 3, 48.0, 7), 2, True, PEAKS
    ),
    MeasureRequest((SE,), ("latency",), Effort(inf)),
    ModelRequest(SE, "/tmp/models"),
    ThreadsRequest(SE),
    FinishRequest(),
    ExplainRequest(SE, verify=True),
    CompareRequest(SE, "fvcore"),
    FormsRequest(SE, around=True),
]
RESPONSES = [
    ReadyResponse({"device": "cpu", "cores": 2, "malloc": {}}),
    UnavailableResponse("no driver"),
    account_event(SE, [Measurement("macs", 2**70, "count")], ["tokens"]),
    visit_event(SE, 2, [Measurement("latency", inf, "s", (0.0, 1.0), "samples", 9)]),
    StepEvent(SE.key, 1e-3),
    PeaksEvent(PEAKS),
    Failure(SE.key, "failed", "no file 'caf\udce9.bin'"),
    ModelEvent(SE.key, 1.5, ("changes-process",)),
    EndResponse(2.5),
    ThreadsResponse(1.25),
    ExplainResponse(Explanation((1, 64, 56, 56), {"mac": 1}, 2, 3, 4, 5, None, 6, ("op",), TREE)),
    CompareResponse(CounterReport("fvcore", None, "failed", (CounterDifference(1, "bmm", "no rule"),))),
    FormsResponse((Form("macs", (FormPiece("C^2", "", 9, 3),), ("H > 7",)),)),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_a_request_survives_the_pipe(request_):
    assert requests.decode(encode(request_)) == request_


@pytest.mark.parametrize("response", RESPONSES, ids=lambda response: type(response).__name__)
def test_a_response_survives_the_pipe(response):
    assert responses.decode(encode(response)) == response


def test_a_value_that_is_no_number_survives_the_pipe():
    (measurement,) = responses.decode(encode(visit_event(SE, 0, [Measurement("x", nan, "")]))).measurements
    assert measurement.value != measurement.value


def test_a_line_that_is_no_message_is_refused():
    for line in (b"{}", b"[]", b'{"do": "dance"}', encode(BeginEvent(SE))):
        with pytest.raises(ValueError, match=r"."):
            requests.decode(line)
