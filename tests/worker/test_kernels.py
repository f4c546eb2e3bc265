"""The kernels of a case's call, on a simulated GPU, and the operators on the CPU."""

from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from threading import Event, Thread

import pytest
import torch

from attnprof.backends import BACKENDS
from attnprof.backends.cuda import CUDA
from attnprof.measuring.inputs import RandomPool
from attnprof.measuring.rounds import Effort
from attnprof.records.case import Case
from attnprof.running.protocol import Failure, KernelsRequest, MeasureRequest
from attnprof.runtimes import RUNTIMES, NodeRun
from attnprof.runtimes._models import Model, write_model
from attnprof.worker import kernels
from attnprof.worker import server as server_module
from attnprof.worker.block import Block
from attnprof.worker.kernels import kernels_of
from attnprof.worker.server import Server, failure
from tests.runtimes import stub
from tests.simulated_cuda import Settings, simulated

RELEASE, THREADS = Event(), []  # of a runtime that keeps a thread
SE = {"bias": False, "reduction": 16}
MINE = """
import torch


class Gate(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        {first}
        return x * 2
"""


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(kernels, "LATENCY", Effort(0.0, fewest=1))
    monkeypatch.setattr(kernels, "MOST_CALLS", 6)


@pytest.fixture
def mine(tmp_path):
    """The location of a module of the user's whose ``forward`` begins with this line."""

    def make(first):
        (tmp_path / "mine.py").write_text(MINE.format(first=first))
        return f"{tmp_path}/mine.py:Gate"

    return make


def on_a_gpu(case, **settings):
    with simulated(Settings(**{"launch": 1e-3, "kernel": 5e-4, **settings})):
        backend = CUDA()
        device = backend.device(0)
        return kernels_of(case, backend, device, RandomPool(), None)


def test_a_call_on_a_gpu_has_its_kernels_and_what_it_takes_besides():
    case = Case("se", 16, 8, 8, device="cuda:0", hyperparameters=SE)
    report = on_a_gpu(case, kernels={"mm": 7e-4})
    uses = {use.name: (use.runs, use.seconds) for use in report.uses}
    assert report.kind == "kernel"
    assert uses["mm"] == (2.0, pytest.approx(14e-4))
    assert report.uses[0].name == "mm"
    assert report.total.seconds == pytest.approx(sum(seconds for _, seconds in uses.values()))
    assert report.total.interval is not None
    assert report.latency.seconds > report.total.seconds


def test_where_the_profiler_may_see_no_kernel_the_latency_is_left_with_the_reason():
    report = on_a_gpu(Case("se", 16, 8, 8, device="cuda:0", hyperparameters=SE), cupti=False)
    assert (report.uses, report.total) == ((), None)
    assert report.note.startswith("the profiler sees no kernels: CUPTI is missing, or not allowed here")
    assert report.latency.seconds > 0


def on_the_cpu(case, folder=""):
    server = Server()
    server._backend, server._device = BACKENDS.get("cpu"), torch.device("cpu")
    responses = []
    server.respond(KernelsRequest(case, folder), responses.append)
    return responses[0]


def test_temporary_files_lie_where_the_parent_removes_them(monkeypatch, tmp_path):
    monkeypatch.setattr(server_module, "kernels_of", lambda *arguments: Path(mkdtemp()))
    assert on_the_cpu(Case("se", 16, 8, 8), str(tmp_path)).report.parent == tmp_path
    assert on_the_cpu(Case("se", 16, 8, 8)).report.parent != tmp_path


@pytest.fixture(autouse=True)
def small_cache(monkeypatch):
    monkeypatch.setattr(type(BACKENDS.get("cpu")), "cache_bytes", lambda self: 2**16)


def test_a_call_on_the_cpu_has_its_operators_those_within_others_apart():
    report = on_the_cpu(Case("se", 16, 8, 8, hyperparameters=SE, mode="train")).report
    runs = {use.name: use.runs for use in report.uses}
    assert report.kind == "operator"
    assert (runs["aten::sigmoid"], runs["SigmoidBackward0"], runs["aten::linear"]) == (1.0, 1.0, 2.0)
    assert sum(use.share for use in report.uses) == pytest.approx(1.0)
    assert report.latency.seconds > 0


def test_what_a_module_changes_is_put_back_and_told(mine):
    threads = torch.get_num_threads()
    report = on_the_cpu(Case(mine("torch.set_num_threads(3)"), 8, 4, 4)).report
    assert torch.get_num_threads() == threads
    assert "changes-settings" in report.flags


def test_what_a_module_raises_is_the_answer(mine):
    case = Case(mine("raise ValueError('no')"), 8, 4, 4)
    assert on_the_cpu(case) == Failure(case.key, "failed", "ValueError: no")


class Identity:
    def __call__(self, x):
        return x

    output = __call__


def exported(module, x):
    return b"model"


def prepare(content, x, case):
    assert content == b"model"
    return Identity()


def nodes(content, inputs, case):
    """A profile of the calls: the first two are slower, as those of a graph that was just prepared are."""
    assert content == b"model"
    times = [9.0, 9.0, *[2.0] * (len(inputs) - 2)]
    return [[NodeRun("a", "Mul", 2 * s, "gate: mul"), NodeRun("b", "Add", s)] for s in times]


@pytest.fixture
def profiled(monkeypatch):
    """The runtime 'stub', which has an exporter, with this profiler."""

    def make(profiler):
        location = f"{__name__}:"
        changes = {"prepare": f"{location}prepare", "exporter": f"{location}exported", "profiler": profiler}
        monkeypatch.setitem(RUNTIMES._files, "stub", stub.__name__)
        monkeypatch.setattr(stub, "RUNTIME", replace(stub.RUNTIME, **changes))

    return make


def test_a_runtime_has_the_nodes_of_its_own_profiler_without_the_first_calls(profiled, monkeypatch):
    monkeypatch.setattr(kernels, "MOST_CALLS", 32)
    profiled(f"{__name__}:nodes")
    report = on_the_cpu(Case("none", 8, 4, 4, execution="stub")).report
    assert (report.kind, report.note) == ("node", "")
    assert [(use.name, use.operator, use.origin) for use in report.uses] == [
        ("a", "Mul", "gate: mul"),
        ("b", "Add", ""),
    ]
    assert [use.seconds for use in report.uses] == [4.0, 2.0]
    assert report.total.seconds == 6.0
    low, high = report.total.interval
    assert high - low >= 2e-6  # each of the two may have taken a microsecond longer than it says
    assert report.latency.seconds > 0


def test_a_runtime_whose_profiler_nobody_reads_leaves_the_latency(profiled):
    profiled("")
    report = on_the_cpu(Case("none", 8, 4, 4, execution="stub")).report
    assert (report.uses, report.total, report.note) == ((), None, "no profiler of Stub is read")
    assert report.latency.seconds > 0


def doubling(content, x, case):
    """An engine that starts a thread of its runtime's when it is first called, and keeps it."""

    def call(x):
        if not THREADS:
            THREADS.append(Thread(target=RELEASE.wait, daemon=True))
            THREADS[0].start()
        return x * 2

    return Doubling(call)


class Doubling:
    def __init__(self, call):
        self.call = self.output = call

    def __call__(self, x):
        return self.call(x)


@pytest.fixture
def threaded(profiled, monkeypatch):
    """The runtime 'stub' with such an engine, in a process that has not started it."""
    profiled("")
    monkeypatch.setattr("attnprof.subject.calls._STARTED", set())
    monkeypatch.setattr(stub, "RUNTIME", replace(stub.RUNTIME, prepare=f"{__name__}:doubling"))
    yield
    RELEASE.set()
    THREADS.pop().join()
    RELEASE.clear()


def test_a_thread_that_a_runtime_starts_is_not_the_modules_doing(threaded, mine):
    report = on_the_cpu(Case(mine(""), 16, 8, 8, execution="stub")).report
    assert "changes-process" not in report.flags


def test_nor_is_it_in_a_block(threaded, mine, tmp_path):
    case = Case(mine(""), 16, 8, 8, execution="stub")
    write_model(tmp_path, case, Model(b"model", 0.1))
    request = MeasureRequest((case,), ("latency",), Effort(0.0, fewest=1), models=str(tmp_path))
    events = []
    Block(request, BACKENDS.get("cpu"), torch.device("cpu"), failure, lambda: False).measure(
        events.append, lambda trial: None
    )
    assert [("changes-process" in event.flags) for event in events] == [False]
