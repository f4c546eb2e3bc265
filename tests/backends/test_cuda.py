"""The CUDA backend on simulated devices: what would go wrong on a real one, and does not."""

import gc
import warnings

import pytest
import torch

from attnprof.backends import Arithmetic, CaptureFailed
from attnprof.backends._nvml import nvml_of
from attnprof.backends._spin import HOST_IS_SLOW, LONGEST_SPIN
from attnprof.backends.cuda import CUDA
from attnprof.measuring.bound import Peaks, bound
from attnprof.measuring.peaks import peaks
from attnprof.records.case import Case
from attnprof.subject.calls import call_of, reference
from attnprof.subject.inputs import ring
from tests.simulated_cuda import Settings, simulated

SE = Case("se", 64, 8, 8, device="cuda:0", hyperparameters={"bias": False, "reduction": 16})


@pytest.fixture(autouse=True)
def locks(tmp_path, monkeypatch):
    """Devices of one name are simulated in other processes, too."""
    monkeypatch.setenv("ATTNPROF_LOCKS", str(tmp_path))


@pytest.fixture
def make():
    """(simulation, backend) for devices with these settings, made ready."""
    contexts = []

    def begin(**settings):
        context = simulated(Settings(**settings))
        simulation = context.__enter__()
        contexts.append(context)
        backend = CUDA()
        backend.device(0)
        return simulation, backend

    yield begin
    for context in reversed(contexts):  # one may stand in another
        context.__exit__(None, None, None)


def se(backend, **more):
    case = Case(**{**vars(SE), **more})
    device = torch.device("cuda", 0)
    return call_of(case, device, ring(case, device, backend.cache_bytes()))


def test_a_sample_is_the_hosts_time_and_the_devices(make):
    simulation, backend = make(launch=5e-6, kernel=2e-6)
    x = torch.ones(4, device="cuda")
    sample = backend.sample(lambda: x + 1, 10)
    assert sample.wall == pytest.approx(10 * 10e-6, rel=0.01)  # to issue it, and to wait for it
    assert sample.lost == 0


def test_what_other_programs_take_of_the_host_is_told(make):
    simulation, backend = make()

    def call():
        simulation.host.waited += 3e-3

    assert backend.sample(call, 2).lost == pytest.approx(6e-3)


# 1. Capture


def test_a_call_that_waits_is_not_captured_and_leaves_no_traces(make):
    simulation, backend = make(torch=(2, 12))
    x = torch.ones(4, device="cuda")
    kernels = backend.capture(lambda: x.sum().item(), 3)
    assert kernels.note.startswith("it cannot be captured as a graph: called a synchronizing CUDA operation")
    assert kernels.sample().device is None
    assert kernels.sample().host > 0
    x.normal_()
    assert backend.capture(lambda: x + 1, 3).captured


def test_a_capture_that_fails_without_torch_knowing_before_is_told_with_its_words(make):
    simulation, backend = make(hidden_sync=("exp",))
    x = torch.ones(4, device="cuda")
    with pytest.raises(CaptureFailed, match="not permitted when stream is capturing"):
        backend.capture(lambda: x.exp(), 3)


def test_everything_is_computed_on_the_stream_of_the_captures(make):
    simulation, backend = make()
    x = torch.ones(4, device="cuda")
    current = torch.cuda.current_stream()
    backend.capture(lambda: x + 1, 3)
    assert torch.cuda.current_stream() == current != torch.cuda.default_stream()


# 2. Leaks


def test_what_a_step_keeps_are_its_gradients_to_the_byte(make):
    simulation, backend = make()
    step = se(backend, mode="train", channels=20)
    step()
    step.clear()
    memory = backend.weigh(step)
    assert memory.remaining == step.keeps == 4 * 2 * 20
    assert memory.peak > memory.requested > memory.remaining


# 3. Pools


def test_a_graph_that_is_dropped_gives_its_pool_back(make):
    simulation, backend = make()
    x = torch.ones(2**20, device="cuda")
    backend.kernels(lambda: None, 1)  # the device's clock takes its buffer
    torch.cuda.empty_cache()
    before = torch.cuda.memory_reserved()
    for _ in range(5):
        assert backend.capture(lambda: (x * 3).exp(), 3).sample().device > 0
        gc.collect()
        torch.cuda.empty_cache()
        assert torch.cuda.memory_reserved() == before


def test_what_a_capture_leaves_in_its_pool_keeps_no_other_from_being_captured(make):
    simulation, backend = make()
    x, kept = torch.ones(2**20, device="cuda"), []
    for _ in range(3):
        assert backend.capture(lambda: kept.append(x + 1), 1).captured


def test_memory_that_runs_out_in_a_capture_is_no_failed_capture(make):
    simulation, backend = make()
    x = torch.ones(2**20, device="cuda")
    backend.kernels(lambda: None, 1)  # the device's clock takes its buffer
    torch.cuda.empty_cache()
    wanted = []

    def call():
        if simulation.device.is_capturing:
            wanted.append(torch.empty(2**28, device="cuda"))
        return x + 1

    backend.limit_memory(2**26)
    with pytest.raises(torch.OutOfMemoryError):
        backend.capture(call, 3)
    assert backend.capture(lambda: x + 1, 3).captured


def test_a_limit_is_beyond_what_is_in_use_and_not_beyond_what_is_cached(make):
    simulation, backend = make()
    held = torch.empty(2**24, device="cuda")
    cached = torch.empty(2**26, device="cuda")
    del cached
    backend.limit_memory(2**26)
    torch.empty(2**24 - 2**20, device="cuda")
    with pytest.raises(torch.OutOfMemoryError):
        torch.empty(2**26, device="cuda")
    del held


# 4. Reserved memory


def test_reserved_memory_is_the_calls_and_not_the_processs(make):
    simulation, backend = make()
    ring_of_inputs = torch.empty(2**24, device="cuda")
    backend.capture(lambda: ring_of_inputs[: 2**20] + 1, 2)
    memory = backend.weigh(lambda: torch.empty(2**23, device="cuda"))
    assert memory.reserved == memory.peak == 2**25


# 5. The spin


@pytest.mark.parametrize("launch", [5e-6, 100e-6, 300e-6])
def test_a_device_time_has_no_launches_in_it_however_long_these_take(make, launch):
    simulation, backend = make(launch=launch, kernel=20e-6)
    x = torch.ones(4, device="cuda")
    assert backend.kernels(lambda: x + 1, 1).sample().device == pytest.approx(20e-6, rel=0.01)


def test_a_replay_that_the_host_takes_long_to_issue_is_timed_behind_a_longer_spin(make):
    simulation, backend = make(kernel=20e-6, replay=100e-6, node=50e-6)
    x = torch.ones(4, device="cuda")
    assert backend.capture(lambda: x + 1, 4).sample().device == pytest.approx(20e-6, rel=0.01)


def test_a_clock_that_rises_does_not_shorten_the_spin(make):
    simulation, backend = make(kernel=40e-6, launch=30e-6, rest_clock=0.3e9, clock=1.9e9, ramp=0.5)
    x = torch.ones(4, device="cuda")
    kernels = backend.kernels(lambda: x + 1, 4)
    assert [kernels.sample().device for _ in range(50)] == pytest.approx([40e-6] * 50, rel=0.01)


def test_a_host_that_no_spin_outlasts_leaves_no_device_time_and_says_why(make):
    simulation, backend = make(launch=3 * LONGEST_SPIN)
    x = torch.ones(4, device="cuda")
    kernels = backend.kernels(lambda: x + 1, 1)
    before = simulation.host.now
    assert kernels.sample().device is None
    assert kernels.note == HOST_IS_SLOW
    assert simulation.host.now - before < 10 * LONGEST_SPIN


def test_a_graph_that_is_empty_has_no_device_time_and_no_warning(make):
    simulation, backend = make()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kernels = backend.capture(lambda: None, 5)
    assert (kernels.sample().device, kernels.note) == (None, "a call launches no kernel")


# 6. A loan


def test_a_loan_leaves_device_stream_switches_and_memory_as_they_were(make):
    simulation, backend = make()
    torch.cuda.set_device(0)
    torch.cuda.set_stream(torch.cuda.default_stream())
    torch.backends.cudnn.allow_tf32 = True
    torch.set_float32_matmul_precision("high")
    try:
        gc.collect()
        torch.cuda.empty_cache()
        reserved = [device.allocator.reserved.current for device in simulation.devices]
        with backend.loan(1):
            x = torch.ones(4, device="cuda:1")
            assert torch.cuda.current_device() == 1
            assert backend.capture(lambda: x + 1, 2).sample().device > 0
            assert not torch.backends.cudnn.allow_tf32
            assert torch.get_float32_matmul_precision() == "highest"
            assert backend.describe(1)["device_name"] == "Simulated GPU 1"
            x = None
        assert torch.cuda.current_device() == 0
        assert torch.cuda.current_stream(1) == torch.cuda.default_stream(1)
        assert torch.backends.cudnn.allow_tf32
        assert torch.get_float32_matmul_precision() == "high"
        gc.collect()
        torch.cuda.empty_cache()
        assert [device.allocator.reserved.current for device in simulation.devices] == reserved
    finally:
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = True


# 7. The bound


def test_a_gpu_has_a_rate_of_products_alone_and_bounds_with_it(make):
    simulation, backend = make()
    measured = peaks(backend, torch.device("cuda", 0), [torch.float32])
    assert set(measured.rates) == {"mac"}

    class Work:
        flops_by_category = {"mac": 10**6, "pointwise": 10**9, "softmax": 10**9}
        minimal_bytes = 4096
        operators = ()

    least = bound(Work, Peaks(((2**20, 1e12),), {"mac": 1e12}, 1e-6, 2**20), (1, 1, 1, 1), 4)
    assert least.arithmetic == pytest.approx(1e-6)


# 8. The profiler


def test_a_trace_has_the_kernels_of_a_call(make):
    simulation, backend = make(kernels={"exp": 7e-6}, kernel=2e-6)
    x = torch.ones(4, device="cuda")
    trace = backend.trace(lambda: (x + 1).exp())
    assert (trace.count, trace.seconds, trace.note) == (2, pytest.approx(9e-6), "")
    assert {run.name for run in trace.runs} == {"add", "exp"}


def test_a_trace_says_why_it_has_none(make):
    simulation, backend = make()
    assert backend.trace(lambda: None).note == "a call launches no kernel"
    simulation, backend = make(cupti=False)
    x = torch.ones(4, device="cuda")
    assert "not allowed here" in backend.trace(lambda: x + 1).note


def test_a_device_time_has_the_gaps_that_a_kernel_time_has_not(make):
    simulation, backend = make(kernel=2e-6, gap=1e-6)
    x = torch.ones(4, device="cuda")
    call = lambda: (x + 1).exp()  # noqa: E731
    device = backend.capture(call, 1).sample().device
    assert device == pytest.approx(backend.trace(call).seconds + 1e-6)


# 9. Switches


@pytest.mark.parametrize(
    "change",
    [
        lambda: setattr(torch.backends.cudnn, "allow_tf32", True),
        lambda: setattr(torch.backends.cudnn.conv, "fp32_precision", "tf32"),
        lambda: setattr(torch.backends.cuda.matmul, "fp32_precision", "tf32"),
        lambda: torch.set_float32_matmul_precision("medium"),
        lambda: setattr(torch.backends.cudnn, "benchmark", True),
    ],
    ids=["cudnn", "conv", "matmul", "precision", "benchmark"],
)
def test_a_switch_that_was_changed_shows_and_is_set_again(make, change):
    simulation, backend = make()
    ours = dict(backend.switches())
    change()
    assert dict(backend.switches()) != ours
    backend.set_switches()
    assert dict(backend.switches()) == ours


@pytest.mark.parametrize(
    ("arithmetic", "told"),
    [
        (Arithmetic(), {"tf32": False, "cudnn_benchmark": False}),
        (Arithmetic(tf32=True), {"tf32": True, "cudnn_benchmark": False}),
        (Arithmetic(cudnn_benchmark=True), {"tf32": False, "cudnn_benchmark": True}),
    ],
)
def test_liberties_are_set_told_and_put_back(make, arithmetic, told):
    simulation, backend = make()
    ours = dict(backend.switches())
    with backend.loan(0):
        assert backend.refusal(arithmetic) is None
        backend.set_switches(arithmetic)
        environment = backend.describe(0)
        assert {name: environment[name] for name in told} == told
        assert torch.backends.cudnn.allow_tf32 == torch.backends.cuda.matmul.allow_tf32 == told["tf32"]
    assert dict(backend.switches()) == ours


def test_tf32_is_refused_where_a_device_would_compute_in_fp32(make, monkeypatch):
    simulation, backend = make(capability=(7, 5))
    tf32 = Arithmetic(tf32=True)
    assert backend.refusal(tf32) == "tf32 exists from compute capability 8.0 on, and this is 7.5"
    assert backend.refusal(Arithmetic(cudnn_benchmark=True)) is None
    simulation, backend = make()
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    assert backend.refusal(tf32) == "NVIDIA_TF32_OVERRIDE=0 keeps tf32 off; unset NVIDIA_TF32_OVERRIDE"
    monkeypatch.setattr(torch.version, "hip", "7.0")
    assert backend.refusal(tf32) == "tf32 exists on NVIDIA GPUs alone"


# 10. The control


def test_the_control_is_large_on_a_gpu(make):
    make()
    assert reference(torch.device("cuda", 0))().shape == (2048, 2048)
    assert reference(torch.device("cpu"))().shape == (256, 256)


# 11. Inputs, allocators, modules that keep something


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_inputs_begin_where_an_allocator_would_put_them(make, dtype, layout):
    make()
    case = Case(**{**vars(SE), "channels": 20, "height": 7, "width": 7, "dtype": dtype, "layout": layout})
    inputs = ring(case, torch.device("cuda", 0), 2**16)
    first = next(inputs)
    offsets = [first.storage_offset() * first.element_size()]
    while (x := next(inputs)) is not first:
        offsets.append(x.storage_offset() * x.element_size())
        assert x.shape == case.shape
    assert len(offsets) > 2
    assert {offset % 512 for offset in offsets} == {0}


def test_an_allocator_that_tells_zeros_is_not_believed(make):
    simulation, backend = make(allocator="cudaMallocAsync")
    memory = backend.weigh(lambda: torch.empty(100, device="cuda"))
    assert (memory.requested, memory.remaining, memory.allocator) == (None, None, "cudaMallocAsync")
    assert memory.peak == 512


def test_a_module_that_keeps_an_activation_in_training_is_captured(make):
    simulation, backend = make()

    class Keeping(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(4, device="cuda"))

        def forward(self, x):
            self.last = x * self.weight
            return self.last + 1

    module, x = Keeping(), torch.ones(4, device="cuda")
    step = lambda: module(x).sum().backward()  # noqa: E731
    step()
    assert backend.capture(step, 3).captured


# 12. Words, instances, locks


def test_a_build_for_amd_is_no_cpu_build(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", "6.2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    reason = CUDA().unavailable()
    assert "CPU build" not in reason
    assert reason.endswith("finds none. Use --device cpu, or --no-latency")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert CUDA().unavailable() is None


def test_a_driver_that_is_too_old_is_said_to_be(monkeypatch):
    def init():
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 11040).")

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", init)
    assert "finds none: The NVIDIA driver on your system is too old (found version 11040). Use" in (
        CUDA().unavailable()
    )


def test_an_instance_of_a_device_is_found_and_its_users_are_told(make):
    simulation, backend = make()
    simulation.nvml.instance_of = {"MIG-abc": f"GPU-{simulation.uuids[0]}"}
    instance = nvml_of("abc")
    assert instance.condition().clock == simulation.device.clock
    assert instance.others() is None
    simulation.nvml.pids = [5, 6]
    assert instance.others() == "1 other process use this instance; wait, or --allow-busy"


def test_a_device_is_locked_where_every_process_of_the_machine_looks(make, tmp_path, monkeypatch):
    simulation, backend = make()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "private"))
    monkeypatch.setenv("ATTNPROF_LOCKS", str(tmp_path))
    assert backend.others() is None
    assert [path.name for path in tmp_path.iterdir()] == [f"attnprof-{simulation.uuids[0]}.lock"]
    assert CUDA_of(0).others() == "another attnprof measures on it; wait, or --allow-busy"
    assert CUDA_of(1).others() is None


def CUDA_of(index):
    backend = CUDA()
    backend.device(index)
    return backend


def test_without_a_folder_of_locks_nvml_alone_decides(make, tmp_path, monkeypatch):
    simulation, backend = make()
    monkeypatch.setenv("ATTNPROF_LOCKS", str(tmp_path / "missing" / "deep"))
    assert backend.others() is None


def test_a_device_that_others_compute_on_is_told(make):
    simulation, backend = make()
    simulation.nvml.pids, simulation.nvml.busy = [5, 6], 90
    assert backend.others().startswith("1 other process compute on it (90 % busy)")
