"""What every device's backend promises; a new file is tested the moment it exists, where the device is
there."""

import threading
from pathlib import Path

import pytest
import torch

from attnprof.backends import BACKENDS, Sample
from attnprof.backends._waiting import waited
from attnprof.records.case import Case
from attnprof.subject.build import build
from attnprof.subject.calls import call_of, reference
from attnprof.subject.counts import count
from attnprof.subject.inputs import example, ring

NAMES = [pytest.param(name, marks=[] if name == "cpu" else [pytest.mark.gpu]) for name in BACKENDS.names()]
SE = Case("se", 64, 56, 56, hyperparameters={"bias": False, "reduction": 16})


def backend_of(name):
    backend = BACKENDS.get(name)
    reason = backend.unavailable()
    if reason:
        pytest.skip(reason)
    return backend


def call(case, device, cache=2**20):
    return call_of(case, device, ring(case, device, cache))


def peak_of(case, backend, device):
    this = call(case, device)
    this()
    this.clear()
    return backend.weigh(this).peak


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name):
    said = backend_of(name).describe(0)
    assert said["device_name"]
    assert said["device_memory_bytes"] > 2**28


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_lasts_and_more_calls_last_longer(name):
    backend = backend_of(name)
    this = call(SE, backend.device(0))
    backend.sample(this, 3)
    one, many = backend.sample(this, 1), backend.sample(this, 200)
    assert isinstance(one, Sample)
    assert 0 < one.wall < many.wall


@pytest.mark.parametrize("name", NAMES)
def test_peak_memory_is_the_output_and_the_gate_whatever_ran_before(name):
    backend = backend_of(name)
    device = backend.device(0)
    output = 4 * 64 * 56 * 56
    first = peak_of(SE, backend, device)
    big = torch.randn(64, 1024, 1024, device=device)
    del big
    second = peak_of(SE, backend, device)
    assert first == second
    assert output < first < 1.1 * output


@pytest.mark.parametrize("name", NAMES)
def test_training_keeps_more_than_evaluating(name):
    backend = backend_of(name)
    device = backend.device(0)
    train = Case(**{**SE.__dict__, "mode": "train"})
    assert peak_of(train, backend, device) > peak_of(SE, backend, device)


def threaded(count, do):
    """What ``do`` gives with so many threads."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(count)
        return do()
    finally:
        torch.set_num_threads(before)


def test_alone_a_thread_knows_what_it_computed_and_what_it_lost():
    backend = BACKENDS.get("cpu")
    sample = threaded(1, lambda: backend.sample(lambda: sum(range(1000)), 10))
    assert sample.busy > 0
    assert sample.lost == max(0.0, sample.wall - sample.busy)


def test_several_threads_know_how_long_they_stood_in_a_queue_and_nothing_stands_for_wall_time(monkeypatch):
    backend = BACKENDS.get("cpu")
    waits = iter([{"1": 5_000_000, "2": 0}, {"1": 5_000_000, "2": 2_000_000, "3": 1_000_000}])
    monkeypatch.setattr("attnprof.backends.cpu.waited", lambda: next(waits))
    sample = threaded(2, lambda: backend.sample(lambda: None, 10))
    assert (sample.lost, sample.busy) == (2e-3, None)


def test_where_the_kernel_does_not_tell_of_queues_nothing_is_known_to_be_lost(monkeypatch):
    monkeypatch.setattr("attnprof.backends.cpu.waited", lambda: None)
    assert threaded(2, lambda: BACKENDS.get("cpu").sample(lambda: None, 1)).lost is None


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_every_thread_of_this_process_has_an_account_of_its_waiting():
    found = waited()
    assert found is None or set(found) >= {str(threading.get_native_id())}


@pytest.mark.parametrize("name", NAMES)
def test_a_cache_has_a_size(name):
    assert 2**16 <= backend_of(name).cache_bytes() <= 2**33


@pytest.mark.parametrize("name", NAMES)
def test_what_a_call_gives_back_is_not_kept_and_what_it_stores_is(name):
    backend = backend_of(name)
    device = backend.device(0)
    store = []
    assert backend.weigh(lambda: torch.empty(2**20, device=device)).remaining == 0
    assert backend.weigh(lambda: store.append(torch.empty(2**20, device=device))).remaining >= 4 * 2**20


@pytest.mark.parametrize("name", NAMES)
def test_a_step_keeps_its_gradients_and_no_more(name):
    backend = backend_of(name)
    step = call(Case(**{**SE.__dict__, "mode": "train"}), backend.device(0))
    step()
    step.clear()
    assert backend.weigh(step).remaining == step.keeps == 4 * 2 * 64 * 4


@pytest.mark.parametrize("name", NAMES)
def test_a_profiler_sees_what_as_many_calls_run_as_are_wanted(name):
    backend = backend_of(name)
    x = torch.randn(4096, device=backend.device(0))
    trace = backend.trace(lambda: x.exp().sum(), 3)
    if not trace.runs:
        pytest.skip(trace.note)
    assert (trace.calls, len(trace.by_call), trace.note) == (3, 3, "")
    assert all(run.seconds >= 0 for run in trace.runs)
    first, *others = ([run.name for run in runs] for runs in trace.by_call)
    assert others == [first] * 2
    assert "exp" in " ".join(first)


@pytest.mark.gpu
def test_a_gpu_tells_the_time_of_kernels_alone():
    backend = backend_of("cuda")
    this = call(SE, backend.device(0))
    this()
    for kernels in (backend.capture(this, 8), backend.kernels(this, 8)):
        burst = kernels.sample()
        assert 0 < burst.device < burst.host < 0.1


@pytest.mark.gpu
def test_what_waits_for_the_device_has_no_time_of_the_device():
    backend = backend_of("cuda")
    x = torch.randn(1024, device=backend.device(0))
    kernels = backend.capture(lambda: x.sum().item(), 4)
    assert not kernels.captured
    assert kernels.note.startswith("it cannot be captured as a graph: ")
    assert kernels.sample().device is None


def test_a_cpu_build_of_torch_says_why_cuda_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    reason = BACKENDS.get("cuda").unavailable()
    assert reason.startswith("no CUDA device: torch ")
    assert "--device cpu" in reason


def test_a_seed_gives_the_same_weights_and_the_same_input():
    cpu = torch.device("cpu")
    one, two = build(SE, cpu).state_dict(), build(SE, cpu).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert torch.equal(example(SE, cpu), example(SE, cpu))
    other = Case(**{**SE.__dict__, "seed": 1})
    assert not torch.equal(example(SE, cpu), example(other, cpu))


def test_the_case_decides_mode_dtype_and_layout():
    case = Case(**{**SE.__dict__, "mode": "train", "dtype": "bf16", "layout": "channels_last", "batch": 2})
    module, x = build(case, torch.device("cpu")), example(case, torch.device("cpu"))
    assert module.training
    assert {p.dtype for p in module.parameters()} == {torch.bfloat16} == {x.dtype}
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert count(case)[0].output_shape == (2, 64, 56, 56)


def test_a_training_call_leaves_gradients_of_one_step():
    step = call(Case(**{**SE.__dict__, "mode": "train", "inputs": "hot"}), torch.device("cpu"))
    first, second = step(), step()
    assert torch.equal(first, second)
    assert first.grad_fn is not None


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_cold_inputs_come_again_only_when_more_than_twice_the_cache_has_passed(layout, dtype):
    case = Case(**{**SE.__dict__, "layout": layout, "dtype": dtype, "batch": 2})
    inputs = ring(case, torch.device("cpu"), 2**22)
    seen = [next(inputs)]
    while (x := next(inputs)) is not seen[0]:
        seen.append(x)
    assert 2 * 2**22 < len(seen) * case.input_bytes <= 2 * 2**22 + 2 * case.input_bytes
    assert {tuple(x.shape) for x in seen} == {case.shape}
    assert len({x.data_ptr() for x in seen}) == len(seen)
    form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    assert all(x.is_contiguous(memory_format=form) for x in seen)
    assert not any((x == 0).all() for x in seen)


def test_hot_inputs_are_one():
    inputs = ring(Case(**{**SE.__dict__, "inputs": "hot"}), torch.device("cpu"), 2**22)
    assert next(inputs) is next(inputs)


def test_tiny_inputs_are_not_without_number():
    inputs = ring(Case("none", 1, 1, 1), torch.device("cpu"), 2**25)
    assert len({id(next(inputs)) for _ in range(2**16)}) == 2**15


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_autocast_computes_in_the_format_asked_for(mode):
    case = Case(**{**SE.__dict__, "autocast": "bf16", "mode": mode})
    seen = []
    this = call(case, torch.device("cpu"))
    this._module.register_forward_hook(lambda module, x, y: seen.append(torch.is_autocast_enabled("cpu")))
    this()
    assert seen == [True]
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.slow
def test_compiled_cells_of_one_class_do_not_stop_being_compiled(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda module, **how: compiled.append(how) or module)
    call(Case(**{**SE.__dict__, "execution": "compiled"}), torch.device("cpu"))()
    assert compiled == [{"dynamic": False, "mode": "default"}]
    assert torch._dynamo.config.recompile_limit > 1000


def test_the_reference_is_the_same_product_in_every_process():
    one, two = reference(torch.device("cpu")), reference(torch.device("cpu"))
    assert torch.equal(one(), two())


@pytest.mark.parametrize("name", NAMES)
def test_energy_has_the_resolution_of_its_counter_or_a_reason(name):
    backend = backend_of(name)
    energy = backend.energy(call(SE, backend.device(0)))
    if energy is None or energy.note:
        return  # of no counter there is nothing else to say
    low, high = energy.interval
    assert 0 < low < energy.per_call < high
    assert energy.rest_watts > 0
    assert 0 < energy.step < energy.seconds
