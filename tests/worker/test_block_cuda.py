"""A block of cases on a simulated GPU: what one module does there costs no other."""

import pytest
import torch

from attnprof.backends import EXACT, Arithmetic
from attnprof.backends.cuda import CUDA
from attnprof.counting import cost
from attnprof.measuring.bound import Peaks
from attnprof.measuring.rounds import Effort
from attnprof.records.case import Case
from attnprof.running.protocol import MeasureRequest
from attnprof.worker import state
from attnprof.worker.block import OWN_GRAPHS, OWN_POOL, Block
from attnprof.worker.guest import ProcessSpoilt
from attnprof.worker.server import failure
from tests.simulated_cuda import Settings, simulated

CUDA_0 = torch.device("cuda", 0)
TIMED = ("latency", "device_time", "back_to_back")
REACHED = ("achieved_flops", "share_of_peak_flops", "achieved_bandwidth", "share_of_peak_bandwidth")
SE = {"bias": False, "reduction": 16}


def case(module="se", **more):
    settings = SE if module == "se" else {}
    return Case(
        **{"module": module, "channels": 16, "height": 8, "width": 8, "device": "cuda:0", **more},
        hyperparameters=settings,
    )


class Run:
    """Blocks measured one after the other in one process."""

    def __init__(self, simulation):
        self.simulation, self.backend = simulation, CUDA()
        self.backend.device(0)
        self.events = {}

    def measure(self, *cases, metrics=TIMED, memory_limit=None, arithmetic=EXACT, **order):
        request = MeasureRequest(cases, metrics, Effort(0.0, fewest=1), **order)
        block = Block(
            request, self.backend, CUDA_0, failure, lambda: False, memory_limit, arithmetic=arithmetic
        )
        block.measure(lambda event: self.events.update({event.key: event}), lambda trial: None)

    def figure(self, case, metric):
        return next(each for each in self.events[case.key].measurements if each.metric == metric)


@pytest.fixture
def run():
    contexts = []

    def begin(**settings):
        context = simulated(Settings(**{"launch": 1e-3, "kernel": 5e-4, **settings}))
        contexts.append(context)
        simulation = context.__enter__()
        state.original_functions.cache_clear()
        state.vital_functions.cache_clear()
        return Run(simulation)

    yield begin
    for context in reversed(contexts):
        context.__exit__(None, None, None)
    state.original_functions.cache_clear()
    state.vital_functions.cache_clear()


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A case of a module of the user's with this body of ``forward``."""
    monkeypatch.chdir(tmp_path)

    def make(name, body, **more):
        (tmp_path / f"{name}.py").write_text(
            "import torch\n\n\nclass Gate(torch.nn.Module):\n    def __init__(self, channels):\n"
            "        super().__init__()\n        self.weight = torch.nn.Parameter(torch.ones(channels, 1, 1))\n\n"
            f"    def forward(self, x):\n        {body}\n"
        )
        return case(f"{name}.py:Gate", **more)

    return make


def test_a_module_that_waits_for_the_device_costs_nobody_else_a_figure(run, mine):
    run = run(torch=(2, 12))
    waits = mine("waits", "return x * x.mean().item()")
    draws = mine("draws", "return x + torch.randn_like(x)")
    run.measure(waits, draws, case())
    assert run.figure(draws, "device_time").value > 0
    assert run.figure(case(), "device_time").value > 0
    blank = run.figure(waits, "device_time")
    assert blank.value is None
    assert blank.note.startswith("it cannot be captured as a graph: called a synchronizing CUDA operation")
    assert run.figure(waits, "latency").value > 0
    assert run.figure(waits, "back_to_back").value > 0


def test_a_capture_that_fails_ends_the_process_when_its_case_is_reported(run, mine):
    run = run(torch=(2, 12), hidden_sync=("exp",))
    fails = mine("fails", "return x.exp()")
    with pytest.raises(ProcessSpoilt, match="cannot be captured"):
        run.measure(fails, case())
    assert set(run.events) == {fails.key}
    blank = run.figure(fails, "device_time")
    assert (blank.value, run.figure(fails, "latency").value > 0) == (None, True)
    assert "not permitted when stream is capturing" in blank.note


def test_a_step_of_training_does_not_leak(run):
    run = run()
    cases = [case(mode="train"), case("eca", mode="train"), case("none", mode="train")]
    run.measure(*cases, metrics=("latency", "peak_memory", "kept_memory"))
    assert {flag for event in run.events.values() for flag in event.flags} <= {"loaded"}
    assert run.figure(cases[0], "kept_memory").value == 4 * 2 * 16


def test_what_a_module_keeps_is_a_leak_where_it_is_less_than_a_block_of_the_allocator(run, mine):
    run = run()
    leaking = mine("leaking", "Gate.last = [*getattr(Gate, 'last', ()), x.mean()]; return x * 1")
    run.measure(leaking, metrics=("latency", "peak_memory"))
    assert "leak" in run.events[leaking.key].flags


def test_pools_of_graphs_do_not_add_up_over_cells(run):
    run = run()
    big = {"channels": 64, "height": 64, "width": 64}
    run.measure(case(**big))
    with_one = run.simulation.device.allocator.reserved.peak
    run.measure(*(case(seed=seed, **big) for seed in range(12)))
    assert run.simulation.device.allocator.reserved.peak <= with_one + 2 * 20 * 2**20


def test_a_memory_limit_is_each_cells_and_not_the_blocks(run, mine):
    run = run()
    size = {"channels": 64, "height": 32, "width": 64}  # 512 KiB
    cases = [case(seed=seed, **size) for seed in range(4)]
    holds = [mine(f"holds{n}", "self.last = x.repeat(5, 1, 1, 1); return x + 1", **size) for n in range(4)]
    greedy = mine("greedy", "return x.repeat(40, 1, 1, 1)[:1]", **size)
    run.measure(*holds, *cases, greedy, metrics=("latency",), memory_limit=25 * 2**19)
    statuses = {key: getattr(event, "status", "ok") for key, event in run.events.items()}
    assert statuses[greedy.key] == "oom"
    assert [statuses[each.key] for each in (*holds, *cases)] == ["ok"] * 8


def test_memory_that_runs_out_in_a_capture_is_out_of_memory(run, mine):
    run = run()
    body = (
        "torch.empty(2**34, device=x.device) if torch.cuda.is_current_stream_capturing() else 0; return x * 1"
    )
    hungry = mine("hungry", body)
    run.measure(hungry, case())
    assert run.events[hungry.key].status == "oom"
    assert run.figure(case(), "device_time").value > 0


def test_a_driver_without_memory_is_out_of_memory_and_no_lost_device(run, mine):
    run = run()
    raises = mine("raises", "raise torch.AcceleratorError('CUDA error: out of memory')")
    run.measure(raises, case())
    assert run.events[raises.key].status == "oom"
    assert run.figure(case(), "latency").value > 0


@pytest.mark.parametrize(
    "change",
    [
        "torch.backends.cudnn.allow_tf32 = True",
        "torch.backends.cudnn.conv.fp32_precision = 'tf32'",
        "torch.backends.fp32_precision = 'tf32'",
        "torch.set_float32_matmul_precision('medium')",
    ],
)
def test_a_module_that_switches_tf32_on_does_so_for_itself_alone_and_says_so(run, mine, change):
    run = run()
    ours = dict(run.backend.switches())
    switches = mine("switches", f"{change}; return x * 1")
    run.measure(switches, case())
    assert dict(run.backend.switches()) == ours
    assert "changes-settings" in run.events[switches.key].flags
    assert "changes-settings" not in run.events[case().key].flags


@pytest.mark.parametrize(
    ("change", "is_told"),
    [("torch.backends.cudnn.allow_tf32 = True", False), ("torch.backends.cudnn.allow_tf32 = False", True)],
)
def test_a_change_is_told_of_against_what_the_run_is_to_have(run, mine, change, is_told):
    run = run()
    switches = mine("switches", f"{change}; return x * 1", tf32=True)
    run.measure(switches, case(tf32=True), arithmetic=Arithmetic(tf32=True))
    assert ("changes-settings" in run.events[switches.key].flags) == is_told
    assert torch.backends.cudnn.allow_tf32
    run.measure(case())  # another run's
    assert not torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize("mode", ["reduce-overhead", "max-autotune"])
def test_graphs_of_the_compiler_are_replayed_and_not_captured_into_another(run, mode):
    run = run(replay=1e-3)
    this, eager = case(execution=f"compiled:{mode}"), case()
    run.measure(this, metrics=(*TIMED, "peak_memory"))
    run.measure(eager)
    time = run.figure(this, "device_time")
    assert time.note == f"{OWN_GRAPHS}; issued behind a spin, not captured as a graph"
    copy = 5e-4  # of the input, to where the graph reads it
    assert time.value == pytest.approx(run.figure(eager, "device_time").value + copy, rel=0.01)
    assert run.figure(this, "latency").value < run.figure(eager, "latency").value
    memory = run.figure(this, "peak_memory")
    assert (memory.value, memory.note) == (None, OWN_POOL)
    assert "leak" not in run.events[this.key].flags


def test_a_compiled_module_without_graphs_is_captured(run):
    run = run()
    for execution in ("compiled", "compiled:max-autotune-no-cudagraphs"):
        this = case(execution=execution)
        run.measure(this, metrics=(*TIMED, "peak_memory"))
        assert run.figure(this, "device_time").note == ""
        assert run.figure(this, "peak_memory").value > 0


def test_an_identity_launches_nothing_and_has_no_device_time(run):
    run = run()
    run.measure(case("none"), metrics=(*TIMED, "kernel_time", "launch_overhead"))
    for metric in ("device_time", "kernel_time", "launch_overhead"):
        found = run.figure(case("none"), metric)
        assert (found.value, found.note) == (None, "a call launches no kernel")
    assert run.figure(case("none"), "latency").value > 0


def test_no_graph_is_captured_where_latency_alone_is_wanted(run, monkeypatch):
    run = run()
    monkeypatch.setattr(run.backend, "capture", lambda call, calls: pytest.fail("captured"))
    run.measure(case(), metrics=("latency", "latency_median", "first_call"))
    assert run.figure(case(), "latency").value > 0


def test_device_time_and_kernel_time_are_both_there_and_their_difference_is_said(run):
    run = run(gap=1e-4)
    run.measure(case(), metrics=(*TIMED, "kernel_time"))
    device, kernels = run.figure(case(), "device_time"), run.figure(case(), "kernel_time")
    assert device.value > kernels.value > 0
    assert "less than the device time, which has the gaps between them" in kernels.note


def test_what_a_call_reaches_is_its_work_over_the_device_time(run):
    run = run()
    peaks = Peaks(((2**20, 1e12),), {"mac": 1e12}, 1e-6, 2**20)
    run.measure(case(), metrics=(*TIMED, *REACHED), peaks=peaks)
    seconds = run.figure(case(), "device_time").value
    flops, moved = cost("se", (1, 16, 8, 8)).flops, cost("se", (1, 16, 8, 8)).minimal_bytes
    reached = {name: run.figure(case(), name).value for name in REACHED}
    expected = (flops / seconds, flops / seconds / 1e12, moved / seconds, moved / seconds / 1e12)
    assert tuple(reached.values()) == pytest.approx(expected)


def test_the_control_is_timed_by_the_device(run):
    run = run(kernels={"mm": 3e-3})
    run.measure(case(), metrics=(*TIMED, "reference"))
    assert run.figure(case(), "reference").value == pytest.approx(3e-3, rel=0.01)


def test_a_module_that_keeps_an_activation_in_training_has_a_device_time(run, mine):
    run = run()
    keeps = mine("keeps", "self.last = x * self.weight; return self.last + 1", mode="train")
    run.measure(keeps)
    assert run.figure(keeps, "device_time").value > 0


def test_a_host_that_others_use_is_told(run):
    run = run(stolen=1e-3)
    run.measure(case(), metrics=("latency",))
    assert "contended" in run.events[case().key].flags


def test_energy_is_asked_for_when_all_is_timed_and_before_the_profiler(run, monkeypatch):
    run = run()
    order = []
    for name in ("sample", "capture", "energy", "trace"):
        method = getattr(run.backend, name)
        monkeypatch.setattr(
            run.backend, name, lambda *given, name=name, method=method: order.append(name) or method(*given)
        )
    cases = case(), case("eca")
    run.measure(*cases, metrics=(*TIMED, "kernel_time", "energy"), baseline=cases[0])
    assert order[-4:] == ["energy", "energy", "trace", "trace"]
    for each in cases:
        energy = run.figure(each, "energy")
        low, high = energy.interval
        assert low < energy.value < high
        assert energy.interval_kind == "resolution"


def test_energy_alone_is_a_figure_and_without_a_counter_a_blank_with_its_reason(run):
    counting = run()
    counting.measure(case(), metrics=("energy",))
    assert counting.figure(case(), "energy").value > 0
    silent = run(energy_step=None)
    silent.measure(case(), metrics=("energy",))
    assert "no counter of energy" in silent.figure(case(), "energy").note
