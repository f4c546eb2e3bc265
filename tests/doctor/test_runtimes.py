"""Engines: which are installed, how they are set up, and on which threads they compute."""

import pytest
import torch

from attnprof.doctor import FINE, NOTE
from attnprof.doctor.runtimes import runtimes
from attnprof.records.case import Case
from attnprof.running.protocol import Failure, ThreadsRequest, ThreadsResponse
from attnprof.runtimes import Runtime
from attnprof.worker.server import Server
from attnprof.worker.threads import threads_ratio
from tests.doctor.scripted import ENVIRONMENT, Scripted
from tests.runtimes import stub

MISSING = Runtime("Other", "an engine", "x:y", packages=("no_such_engine",), extra="other")
ELSEWHERE = Runtime("Cards", "an engine", "x:y", devices=("cuda",))


def examined(engines, response=None, **environment):
    worker = Scripted()
    worker.threads = response or ThreadsResponse(1.0)
    found = list(runtimes(lambda: worker, {**ENVIRONMENT, **environment}, engines))
    return found, worker


def test_an_engine_says_its_settings_and_who_computes():
    (found,), worker = examined({"stub": stub.RUNTIME})
    version = pytest.__version__
    assert (found.level, found.says) == (
        FINE, f"stub {version}, one setting, 1 thread; the calling thread computes alone",
    )  # fmt: skip
    assert (worker.request.case.module, worker.request.case.runtime) == ("se", "stub")
    assert worker.ended


def test_an_engine_that_computes_on_other_threads_is_noted():
    (found,), _ = examined({"stub": stub.RUNTIME}, ThreadsResponse(1.8))
    assert found.level == NOTE
    assert "other threads compute, too (1.80 times" in found.says


def test_of_several_threads_or_another_device_nothing_is_said():
    for more in ({"threads": 2}, {"device": "bench:0"}):
        (found,), _ = examined({"stub": Runtime("Stub", "x", "x:y")}, ThreadsResponse(1.8), **more)
        assert (found.level, "thread computes" in found.says) == (FINE, False)


def test_an_engine_that_cannot_compute_says_why():
    (found,), _ = examined({"stub": stub.RUNTIME}, Failure("", "failed", "no such library"))
    assert (found.level, found.says.endswith("1 thread: no such library")) == (NOTE, True)


def test_engines_that_are_not_installed_are_one_line_and_start_no_worker():
    found = list(
        runtimes(lambda: pytest.fail("started"), ENVIRONMENT, {"other": MISSING, "cards": ELSEWHERE})
    )
    assert [each.says for each in found] == [
        "cards runs on cuda alone",
        "not installed: Other needs no_such_engine: pip install 'attnprof[other]'",
    ]
    assert {each.level for each in found} == {FINE}


def test_a_worker_compares_the_time_of_the_process_with_the_threads(stub_runtimes):
    case, events = Case("se", 16, 8, 8, {"bias": False, "reduction": 16}, execution="stub"), []
    server = Server()
    server._device = torch.device("cpu")
    server.respond(ThreadsRequest(case), events.append)
    assert 0.5 < events[0].ratio < 100
    assert threads_ratio(case, torch.device("cpu")) > 0.5
    server.respond(ThreadsRequest(Case("eca", 16, 8, 8, execution="stub")), events.append)
    assert (events[1].status, events[1].reason) == ("failed", "stub: no operator eca")
