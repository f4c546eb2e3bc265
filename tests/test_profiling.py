"""attnprof.profile: counts and measures a copy in this process, and shows itself in a notebook."""

import gc

import pytest
import torch
from torch import nn

import attnprof
from attnprof.backends._switches import read_switches, write_switches
from attnprof.errors import UsageError
from attnprof.measuring.timing import Timing
from attnprof.profiling import Profile
from tests.simulated_cuda import simulated

SHAPE = (2, 8, 6, 6)


@pytest.fixture(autouse=True)
def timed(monkeypatch):
    """Calls are made once and take a millisecond: what is timed is not this test's affair."""
    calls = []

    def measured(backend, call, precision, seconds):
        calls.append((call(), torch.get_num_threads(), torch.is_grad_enabled()))
        return Timing((1e-3,) * 9, 1, 9, 2e-3, ("not-steady",)), 4096

    monkeypatch.setattr("attnprof.profiling._measured", measured)
    return calls


def network():
    return nn.Sequential(nn.Conv2d(8, 4, 3, padding=1), nn.BatchNorm2d(4))


def test_counts_are_those_of_cost():
    module = network()
    found = attnprof.profile(module, SHAPE)
    assert found.counts == attnprof.cost(module.eval(), SHAPE)
    assert (found.module, found.counts.params, found.counts.macs) == ("Sequential", 300, 2 * 36 * 8 * 4 * 9)


def test_a_name_is_measured_with_its_settings():
    found = attnprof.profile("se", (1, 64, 7, 7), reduction=8)
    assert (found.module, found.counts.params) == ("se", 1024)


@pytest.mark.parametrize("train", [False, True])
def test_the_module_is_left_as_it_was(train):
    module = network()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    attnprof.profile(module, SHAPE, train=train)
    assert module.training
    assert all(parameter.grad is None for parameter in module.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_eval_is_measured_without_gradients_and_train_with_them(timed):
    attnprof.profile(network(), SHAPE)
    attnprof.profile(network(), SHAPE, train=True)
    (forward, _, _), (step, _, _) = timed
    assert not forward.requires_grad
    assert step.requires_grad


def test_threads_are_the_callers_again(timed):
    before = torch.get_num_threads()
    attnprof.profile(network(), SHAPE, threads=1)
    assert [threads for _, threads, _ in timed] == [1]
    assert torch.get_num_threads() == before


def test_the_conditions_are_said():
    found = attnprof.profile(network().double(), SHAPE, train=True)
    assert found.conditions.startswith("(2, 8, 6, 6), float64, train, cpu (")
    assert found.conditions.endswith(", 1 thread)")


def test_a_profile_shows_itself_with_its_interval():
    text = str(attnprof.profile(network(), SHAPE))
    assert [line.split()[0] for line in text.splitlines()[1:]] == [
        "params",
        "MACs",
        "FLOPs",
        "latency",
        "memory",
        "flags",
    ]
    assert "1.00 ms ± 0.0 %" in text
    assert "4.00 KiB" in text


def test_a_notebook_shows_text_as_text():
    found = attnprof.profile(network(), SHAPE)
    named = Profile("<script>", found.counts, 1.0, None, 0, "a & b")
    html = named._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a &amp; b" in html


def test_a_module_that_returns_several_tensors_is_measured():
    class Two(nn.Module):
        def forward(self, x):
            return x * 2, x

    assert attnprof.profile(Two(), SHAPE, train=True).counts.params == 0


@pytest.mark.parametrize(
    ("module", "settings", "says"),
    [
        (nn.Identity(), {"reduction": 8}, "profile: reduction: settings go with a name"),
        (nn.Linear(1, 1, device="meta"), {}, "profile: a module on meta cannot be measured"),
        ("sse", {}, "no module 'sse'"),
        (nn.Identity(), {"tf32": True}, "profile: cpu: tf32 exists on NVIDIA GPUs alone"),
        (
            nn.Conv2d(8, 8, 1).half(),
            {"tf32": True},
            "profile: tf32 is how fp32 is multiplied, and this module is",
        ),
    ],
)
def test_a_mistake_is_said_in_words(module, settings, says):
    with pytest.raises((UsageError, LookupError), match=says):
        attnprof.profile(module, (1, 8, 4, 4), **settings)


def test_a_module_that_cannot_be_copied_is_refused():
    module = nn.Identity()
    module.lock = (n for n in range(3))
    with pytest.raises(UsageError, match="profile: Identity cannot be copied"):
        attnprof.profile(module, SHAPE)


@pytest.fixture
def second_gpu():
    """Two simulated devices, the first of which is the current one, in a process that lets convolutions round."""
    with simulated() as simulation:
        before = read_switches()
        torch.backends.cudnn.allow_tf32 = True
        yield simulation
        write_switches(before)


def test_a_module_is_measured_in_tf32_where_that_is_wanted(second_gpu):
    torch.backends.cudnn.allow_tf32 = False
    profiled = attnprof.profile(nn.Conv2d(8, 8, 1).to("cuda:0"), (1, 8, 8, 8), seconds=0.05, tf32=True)
    assert "cudnn_tf32 True, matmul_precision high, cudnn_benchmark False" in profiled.conditions
    assert not torch.backends.cudnn.allow_tf32


def test_a_module_is_measured_on_the_gpu_that_it_is_on_and_the_process_stays_as_it_was(second_gpu):
    module = nn.Sequential(nn.Conv2d(8, 8, 1), nn.Sigmoid()).to("cuda:1")
    profiled = attnprof.profile(module, (1, 8, 8, 8), seconds=0.05)
    assert "cuda:1 (Simulated GPU 1, cudnn_tf32 False, matmul_precision highest" in profiled.conditions
    first, second = second_gpu.devices
    assert not first.kernels
    assert second.kernels
    assert torch.backends.cudnn.allow_tf32
    assert torch.cuda.current_device() == 0
    assert torch.cuda.current_stream(1) == torch.cuda.default_stream(1)
    gc.collect()
    assert (
        second.allocator.allocated.current < 2**12
    )  # the module, and not the inputs nor the buffer of the clock
