"""What every device's backend promises; a new file is tested the moment it exists, where the device is there."""

import pytest
import torch

from attnprof.backends import Sample
from attnprof.case import Case
from attnprof.spec import BACKENDS
from attnprof.subject import build, call_of, count, example

NAMES = [pytest.param(name, marks=[] if name == "cpu" else [pytest.mark.gpu]) for name in BACKENDS.names()]
SE = Case("se", 64, 56, 56, hyperparameters=(("bias", False), ("reduction", 16)))


def backend_of(name):
    backend = BACKENDS.get(name)
    reason = backend.unavailable()
    if reason:
        pytest.skip(reason)
    return backend


def peak_of(case, backend, device):
    call = call_of(case, backend, device)
    call()
    return backend.peak_memory(call)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name):
    said = backend_of(name).describe(0)
    assert said["device_name"]
    assert said["device_memory_bytes"] > 2**28


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_lasts_and_more_calls_last_longer(name):
    backend = backend_of(name)
    call = call_of(SE, backend, backend.device(0))
    backend.sample(call, 3)
    one, many = backend.sample(call, 1), backend.sample(call, 200)
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


def test_the_cpu_tells_busy_time_for_one_thread_only():
    backend = BACKENDS.get("cpu")
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = backend.sample(lambda: sum(range(1000)), 10)
        torch.set_num_threads(2)
        together = backend.sample(lambda: sum(range(1000)), 10)
    finally:
        torch.set_num_threads(threads)
    assert alone.busy is not None
    assert alone.busy >= 0
    assert together.busy is None


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
    backend = BACKENDS.get("cpu")
    step = call_of(Case(**{**SE.__dict__, "mode": "train"}), backend, torch.device("cpu"))
    first, second = step(), step()
    assert torch.equal(first, second)
    assert first.grad_fn is not None
