"""The simulated device does what torch's does where attnprof looks: its own tests."""

import gc

import pytest
import torch

from tests.simulated_cuda import Settings, simulated
from tests.simulated_cuda.device import DeviceError


@pytest.fixture
def cuda():
    with simulated() as simulation:
        yield simulation


def captured(call):
    """A graph of ``call``, captured on a stream of its own."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph


def test_a_tensor_says_where_it_is_and_operators_follow_it(cuda):
    x = torch.ones(4, device="cuda:1")
    assert (x + 1).device == torch.device("cuda", 1)
    assert (x.is_cuda, x.cpu().is_cuda, torch.ones(4).is_cuda) == (True, False, False)
    assert torch.equal(x.cpu(), torch.ones(4))
    assert torch.ones(4).to("cuda").device == torch.device("cuda", 0)


def test_a_module_moves_and_trains(cuda):
    with torch.device("cuda"):
        net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    x = torch.randn(2, 3, 8, 8, device="cuda").requires_grad_()
    net(x).sum().backward()
    assert {p.grad.device for p in net.parameters()} == {torch.device("cuda", 0)} == {x.grad.device}
    moved = torch.nn.Linear(2, 2).to("cuda")
    assert {p.device.type for p in moved.parameters()} == {"cuda"}


def test_time_is_the_hosts_until_it_waits_for_the_device(cuda):
    x = torch.ones(4, device="cuda")
    torch.cuda.synchronize()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda._sleep(1_500_000)  # a millisecond
    start.record()
    for _ in range(10):
        x += 1
    end.record()
    assert not start.query()
    torch.cuda.synchronize()
    assert start.elapsed_time(end) == pytest.approx(10 * 2e-3)


def test_memory_is_rounded_pooled_and_given_back(cuda):
    before = torch.cuda.memory_stats()
    x = torch.ones(100, device="cuda")
    stats = torch.cuda.memory_stats()
    assert torch.cuda.memory_allocated() == 512
    assert stats["requested_bytes.all.current"] - before["requested_bytes.all.current"] == 400
    assert torch.cuda.memory_reserved() == 2 * 2**20
    del x
    gc.collect()
    assert torch.cuda.memory_allocated() == 0
    torch.cuda.empty_cache()
    assert torch.cuda.memory_reserved() == 0


def test_beyond_a_limit_memory_is_out(cuda):
    torch.cuda.set_per_process_memory_fraction(0.01)
    with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory"):
        torch.empty(2**28, device="cuda")


def test_a_graph_is_recorded_and_replayed_and_keeps_its_pool(cuda):
    x = torch.ones(2**20, device="cuda")
    graph = captured(lambda: (x + 1) * 2)
    torch.cuda.empty_cache()
    with_graph = torch.cuda.memory_reserved()
    before = len(cuda.device.kernels)
    graph.replay()
    assert len(cuda.device.kernels) == before + 2
    del graph
    torch.cuda.empty_cache()
    assert torch.cuda.memory_reserved() < with_graph


def test_an_empty_graph_is_warned_of(cuda):
    with pytest.warns(UserWarning, match="The CUDA Graph is empty"):
        captured(lambda: None)


@pytest.mark.parametrize("call", [lambda x: x.sum().item(), lambda x: torch.linalg.inv(x), lambda x: x.cpu()])
def test_what_waits_cannot_be_captured(cuda, call):
    x = torch.eye(4, device="cuda")
    with pytest.raises(RuntimeError, match="due to a previous error during capture"):
        captured(lambda: call(x))


@pytest.mark.parametrize(("version", "refuses"), [((2, 12), True), ((2, 13), False)])
def test_a_failed_capture_leaves_its_traces(version, refuses):
    with simulated(Settings(torch=version)) as cuda:
        x = torch.ones(4, device="cuda")
        before = torch.cuda.current_stream()
        with pytest.raises(DeviceError):
            captured(lambda: x.sum().item())
        assert torch.cuda.current_stream() != before
        y = torch.empty(2**24, device="cuda")
        held = torch.cuda.memory_reserved()
        del y
        torch.cuda.empty_cache()
        assert torch.cuda.memory_reserved() == held
        assert cuda.device.draws_in_capture is refuses
        if refuses:
            with pytest.raises(RuntimeError, match="Offset increment outside graph capture"):
                x.normal_()
        else:
            x.normal_()


def test_an_operator_that_waits_can_be_told_of(cuda):
    x = torch.ones(4, device="cuda")
    torch.cuda.set_sync_debug_mode("error")
    with pytest.raises(RuntimeError, match="called a synchronizing CUDA operation"):
        x.sum().item()
    torch.cuda.set_sync_debug_mode("default")
    assert x.sum().item() == 4


def test_a_leaf_whose_gradient_belongs_to_another_stream_breaks_a_capture(cuda):
    x = torch.ones(4, device="cuda").requires_grad_()
    kept = (x * 2).sum()
    kept.backward(retain_graph=True)

    def again():
        (x * 3).sum().backward()

    with pytest.raises(DeviceError, match="due to a previous error"):
        captured(again)
    del kept
    captured(again).replay()


def test_all_is_as_before_behind_it():
    names = ("is_available", "Event", "synchronize", "_sleep")
    before = [getattr(torch.cuda, name) for name in names]
    with simulated():
        assert torch.cuda.is_available()
    assert [getattr(torch.cuda, name) for name in names] == before
    assert torch._C._len_torch_function_stack() == torch._C._len_torch_dispatch_stack() == 0
