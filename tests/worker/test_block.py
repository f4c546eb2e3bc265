"""A block of cases in one process: an event of each as soon as it is finished, and faults that stay its
own."""

from itertools import chain, repeat
from time import monotonic

import pytest
import torch

from attnprof.backends import BACKENDS, Memory
from attnprof.measuring.rounds import Effort
from attnprof.measuring.trial import Trial
from attnprof.records.case import Case
from attnprof.records.record import VisitEvent
from attnprof.running.protocol import Failure, MeasureRequest
from attnprof.worker import block as visiting
from attnprof.worker import inputs as inputs_module
from attnprof.worker import state
from attnprof.worker.block import Block
from attnprof.worker.guest import ProcessSpoilt
from attnprof.worker.server import failure

CPU = BACKENDS.get("cpu")
QUICK = Effort(0.0, fewest=1)


def case(module="se", **more):
    settings = {"se": {"bias": False, "reduction": 16}, "eca": {"kernel_size": None}}
    return Case(
        **{"module": module, "channels": 16, "height": 8, "width": 8, **more},
        hyperparameters=settings.get(module, {}),
    )


def carried_out(*cases, metrics=("latency",), backend=CPU, stop=lambda: False, memory_limit=None, **order):
    """Events by key, and the keys of whom the watch was told."""
    events, watched = [], []
    request = MeasureRequest(cases, metrics, order.pop("effort", QUICK), **order)
    block = Block(request, backend, torch.device("cpu"), failure, stop, memory_limit)
    block.measure(events.append, lambda trial: watched.append(trial.key))
    return {event.key: event for event in events}, watched


def found(event):
    return {each.metric: each for each in event.measurements}


@pytest.fixture(autouse=True)
def alone():
    """One thread: of several, no figure is had while others take the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def mine(tmp_path, monkeypatch, request):
    """A case of a module of the user's with this body of ``forward``."""
    monkeypatch.chdir(tmp_path)

    def make(body):
        (tmp_path / f"{request.node.name}.py").write_text(
            "import torch\n\n\nclass Gate(torch.nn.Module):\n    def __init__(self, channels):\n        super().__init__()\n"
            f"        self.kept = []\n\n    def forward(self, x):\n        {body}\n        return x * 2\n"
        )
        return case(f"{request.node.name}.py:Gate")

    return make


def test_every_case_is_told_once_with_what_was_asked_for():
    cases = [case(), case("none"), case("eca")]
    events, watched = carried_out(*cases, metrics=("latency", "first_call", "peak_memory"), process=2)
    assert set(events) == {each.key for each in cases}
    for event in events.values():
        assert event.process == 2
        assert list(found(event)) == ["latency", "first_call", "peak_memory"]
        assert found(event)["latency"].value > 0
    assert set(watched) == {*events, ""}


def test_the_time_that_drawing_inputs_takes_is_the_blocks(monkeypatch):
    clock, efforts = chain([10.0], repeat(10.4)), []
    rounds = visiting.Rounds
    monkeypatch.setattr(visiting, "monotonic", lambda: next(clock))
    monkeypatch.setattr(
        visiting, "Rounds", lambda b, t, effort, **more: efforts.append(effort) or rounds(b, t, QUICK, **more)
    )
    carried_out(case(), effort=Effort(3.0))
    assert [round(effort.seconds, 6) for effort in efforts] == [2.6]


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("inputs", ["cold", "hot"])
def test_modes_and_inputs_are_the_cases(mode, inputs):
    events, _ = carried_out(case(mode=mode, inputs=inputs), metrics=("latency", "kept_memory"))
    (event,) = events.values()
    assert "leak" not in event.flags
    assert found(event)["kept_memory"].value == (2 * 16 * 4 if mode == "train" else 0)


def test_what_a_case_raises_is_its_event_and_the_others_are_measured(mine):
    broken = mine("raise ValueError('no')")
    events, _ = carried_out(broken, case())
    assert events[broken.key] == Failure(broken.key, "failed", "ValueError: no")
    assert isinstance(events[case().key], VisitEvent)


REPLACES = "torch.sigmoid = torch.relu"


@pytest.fixture
def functions():
    """torch's functions as they are now are those to put back."""
    state.original_functions.cache_clear()
    sigmoid = torch.sigmoid
    yield
    torch.sigmoid = sigmoid


def test_a_case_that_spoils_the_process_is_measured_alone(mine, functions):
    spoils = mine(REPLACES)
    with pytest.raises(ProcessSpoilt, match=r"torch\.sigmoid"):
        carried_out(spoils, case())
    events, _ = carried_out(spoils)
    assert "changes-process" in events[spoils.key].flags


def test_a_baseline_that_spoils_the_process_stays_beside_the_case(mine, functions):
    events, _ = carried_out(case(), metrics=RATIO, baseline=mine(REPLACES))
    assert found(events[case().key])["vs_baseline"].value > 0


def test_what_a_case_changes_is_back_when_another_is_visited(mine):
    meddles = mine("torch.set_num_threads(3); torch.set_default_dtype(torch.float64); x.mul_(2)")
    threads, dtypes = set(), set()

    class Watching:
        def __getattr__(self, name):
            return getattr(CPU, name)

        def sample(self, call, calls):
            if type(getattr(call, "_module", None)).__name__ != "Gate":
                threads.add(torch.get_num_threads())
                dtypes.add(torch.get_default_dtype())
            return CPU.sample(call, calls)

    events, _ = carried_out(meddles, case(), backend=Watching(), effort=Effort(0.5, precision=0.0))
    assert (threads, dtypes) == ({1}, {torch.float32})
    assert {"changes-input", "changes-settings"} <= set(events[meddles.key].flags)
    assert not {"changes-input", "changes-settings"} & set(events[case().key].flags)


def test_the_flags_of_a_case_that_fails_are_with_its_failure(mine):
    fails = mine("torch.set_num_threads(3); raise ValueError('no')")
    events, _ = carried_out(fails)
    assert events[fails.key] == Failure(fails.key, "failed", "ValueError: no", ("changes-settings",))


def test_a_case_that_raises_without_a_text_says_where(mine):
    broken = mine("raise LookupError")
    events, _ = carried_out(broken)
    file = broken.module.partition(":")[0]
    assert events[broken.key].reason == f"LookupError: {file}:10: raise LookupError"


def test_a_case_that_keeps_memory_is_said_to_leak(mine):
    leaking = mine("self.kept.append(torch.zeros(1024))")
    events, _ = carried_out(leaking, metrics=("latency", "peak_memory"))
    assert "leak" in events[leaking.key].flags


def test_memory_that_runs_out_under_the_scales_is_the_cases_fault():
    class Small:
        def __getattr__(self, name):
            return getattr(CPU, name)

        def weigh(self, call):
            raise MemoryError

    events, _ = carried_out(case(), metrics=("latency", "peak_memory"), backend=Small())
    (event,) = events.values()
    assert event.status == "oom"


def test_inputs_that_do_not_fit_are_the_fault_of_every_case():
    class Hungry:
        def __getattr__(self, name):
            return getattr(CPU, name)

        def cache_bytes(self):
            raise MemoryError

    events, watched = carried_out(case(), case("none"), backend=Hungry())
    assert {event.status for event in events.values()} == {"oom"}
    assert len(events) == 2
    assert watched == []


class Narrow:
    """The CPU, with its limits noted, and a cache that is filled when ``inputs`` are drawn."""

    def __init__(self, monkeypatch, inputs=None):
        self.limits = []
        drawn = inputs_module.ring
        monkeypatch.setattr(
            inputs_module, "ring", lambda *given: self.limits.append("inputs") or (inputs or drawn)(*given)
        )

    def __getattr__(self, name):
        return getattr(CPU, name)

    def limit_memory(self, limit):
        self.limits.append(limit)


def test_the_memory_limit_is_for_cells_and_not_for_their_inputs(monkeypatch):
    narrow = Narrow(monkeypatch)
    carried_out(case(), backend=narrow, memory_limit=2**28)
    assert narrow.limits == [None, "inputs", 2**28]


@pytest.mark.parametrize("inputs", ["cold", "hot"])
def test_inputs_that_do_not_fit_are_said_to_be_what_does_not(monkeypatch, inputs):
    def full(*given):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 byte")

    narrow = Narrow(monkeypatch, full)
    events, _ = carried_out(case(inputs=inputs), backend=narrow, memory_limit=2**28)
    (event,) = events.values()
    assert event.status == "oom"
    assert ("--hot needs one alone" in event.reason) == (inputs == "cold")
    assert narrow.limits[-1] == 2**28


def test_a_stopped_block_tells_nothing_of_what_was_cut_short():
    events, _ = carried_out(case(), case("none"), stop=lambda: True)
    assert events == {}


def test_memory_alone_needs_no_rounds():
    events, _ = carried_out(case(), metrics=("peak_memory",), effort=Effort(3600.0))
    (event,) = events.values()
    assert list(found(event)) == ["peak_memory"]
    assert event.flags == ()


def test_a_quick_look_has_quartiles():
    events, _ = carried_out(case(), effort=Effort(0.05, fewest=3), spread=True)
    (event,) = events.values()
    assert found(event)["latency"].interval_kind == "spread"


def test_scales_are_stepped_on_with_gradients_cleared():
    cleared = []

    class Watching:
        def __getattr__(self, name):
            return getattr(CPU, name)

        def weigh(self, call):
            cleared.append(all(p.grad is None for p in call._module.parameters()))
            return Memory(1)

    carried_out(case(mode="train"), metrics=("latency", "peak_memory"), backend=Watching())
    assert cleared == [True]


def test_memory_repeats_to_the_byte_so_that_one_process_of_a_run_weighs():
    cases = [case(name) for name in ("se", "eca", "none")]
    first, second = (carried_out(*cases, metrics=("peak_memory", "kept_memory"))[0] for _ in range(2))
    for key, event in first.items():
        weights = [[each.value for each in found(one).values()] for one in (event, second[key])]
        assert weights[0] == weights[1]
    call = visiting.call_of(
        case(), torch.device("cpu"), inputs_module.ring(case(), torch.device("cpu"), 2**20)
    )
    call()
    assert len({CPU.weigh(call) for _ in range(5)}) == 1


def test_converting_a_module_takes_none_of_the_blocks_time(stub_runtimes, monkeypatch):
    """A clock that goes on by an hour in every conversion."""
    clock = {"ahead": 0.0}

    def converted(*arguments):
        clock["ahead"] += 3600.0
        return call_of(*arguments)

    call_of = visiting.call_of
    monkeypatch.setattr(visiting, "call_of", converted)
    monkeypatch.setattr(visiting, "monotonic", lambda: monotonic() + clock["ahead"])
    cases = [case(name, execution="stub") for name in ("se", "none")]
    block = Block(
        MeasureRequest(tuple(cases), ("latency",), Effort(60.0, precision=1.0, fewest=1, most=60.0)),
        CPU,
        torch.device("cpu"),
        failure,
        lambda: False,
    )
    events = []
    block.measure(events.append, lambda trial: None)
    assert {event.key for event in events} == {each.key for each in cases}
    assert 7200 <= block.preparation < 7260


@pytest.mark.parametrize(("execution", "hours"), [("compiled", 3), ("eager", 0)])
def test_compiling_a_module_takes_none_of_the_blocks_time(monkeypatch, execution, hours):
    """A clock that goes on by an hour in the first call of each, which the baseline's is, too."""
    clock = {"ahead": 0.0}

    def first_call(trial, backend):
        build(trial, backend)
        trial.first = 3600.0
        clock["ahead"] += 3600.0

    build = Trial.build
    monkeypatch.setattr(Trial, "build", first_call)
    monkeypatch.setattr("attnprof.runtimes._torch.compiled", lambda module, x, case: module)
    monkeypatch.setattr(visiting, "monotonic", lambda: monotonic() + clock["ahead"])
    cases = [case(name, execution=execution) for name in ("se", "none")]
    effort = Effort(60.0, precision=1.0, fewest=1)
    baseline = case("eca", execution=execution)
    request = MeasureRequest(tuple(cases), ("latency",), effort, baseline=baseline)
    block = Block(request, CPU, torch.device("cpu"), failure, lambda: False)
    events = []
    block.measure(events.append, lambda trial: None)
    assert {event.key for event in events} >= {each.key for each in cases}
    assert block.preparation == 3600.0 * hours


RATIO = ("latency", "vs_baseline", "baseline", "latency_median")


def test_each_case_has_its_ratio_to_the_baseline_and_the_baseline_is_one():
    cases = [case(), case("none"), case("eca")]
    events, _ = carried_out(*cases, metrics=RATIO, baseline=case())
    for event in events.values():
        figures = found(event)
        assert figures["baseline"].value == "se"
        assert figures["latency_median"].value > 0
    assert found(events[case().key])["vs_baseline"].value == 1.0
    assert 0 < found(events[case("none").key])["vs_baseline"].value < 1
    assert set(events) == {each.key for each in cases}


def test_a_baseline_that_is_none_of_the_cases_is_measured_beside_them_and_not_reported():
    events, _ = carried_out(case("none"), metrics=RATIO, baseline=case())
    assert set(events) == {case("none").key}
    assert found(events[case("none").key])["vs_baseline"].value < 1


def test_a_baseline_that_fails_is_its_own_row_and_the_reason_of_the_others(mine):
    broken = mine("raise ValueError('no')")
    events, _ = carried_out(case(), broken, metrics=RATIO, baseline=broken)
    assert events[broken.key].reason == "ValueError: no"
    ratio = found(events[case().key])["vs_baseline"]
    assert ratio.value is None
    assert ratio.note.endswith("could not be measured beside it")


def test_a_latency_is_by_the_estimator_that_is_asked_for():
    low, high = (
        found(carried_out(case("eca"), metrics=RATIO, estimator=name)[0][case("eca").key])
        for name in ("minimum", "median")
    )
    assert low["latency"].value <= low["latency_median"].value
    assert high["latency"].value == high["latency_median"].value
