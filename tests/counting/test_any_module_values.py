"""Modules whose forward pass reads values: of their own constants, and of their input."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical
from torch.nn.utils.rnn import pack_padded_sequence

from attnprof import Spec, cost, plan
from attnprof.counting import UnreadableValueError
from attnprof.counting.guard import Guard
from attnprof.errors import UsageError
from attnprof.subject.counts import count
from tests.counting.truth.table import Does
from tests.every_case import every_case

SHAPE = N, D = (4, 8)
MACS = N * D * D
both_passes = pytest.mark.parametrize("backward", [False, True], ids=["forward", "and backward"])
captured = torch.tensor([1, 2])


def repeated(times):
    """A linear layer as often as ``times(module, x)`` says."""

    def forward(m, x):
        for _ in range(times(m, x)):
            x = m.linear(x)
        return x

    module = Does(forward, linear=nn.Linear(D, D), listed=[torch.tensor([1, 2])], plain=torch.tensor([2]))
    module.register_buffer("steps", torch.tensor([1, 1]))
    module.nested = {"steps": (torch.tensor(2.0),)}
    return module


# All of these are two.
CONSTANTS = {
    "a buffer": lambda m, x: int(m.steps.sum()),
    "a tensor of its own": lambda m, x: m.plain.item(),
    "in a list": lambda m, x: m.listed[0][1],
    "in a dict": lambda m, x: int(m.nested["steps"][0]),
    "captured": lambda m, x: captured.tolist()[1],
    "moved to the input's device": lambda m, x: int(m.steps.to(x.device).sum()),
    "moved and cast": lambda m, x: int(m.plain.to(x)),
    "new on the input's device": lambda m, x: int(torch.ones(2, device=x.device).sum()),
    "of numbers, on the input's device": lambda m, x: torch.tensor([2], device=x.device).item(),
    "a range": lambda m, x: len(torch.arange(4, device=x.device)[::2].tolist()),
    "as the input, and all true": lambda m, x: 2 if torch.ones_like(x, dtype=torch.bool).all() else 0,
    "new beside the input": lambda m, x: int(x.new_full((1,), 2)),
    "by numpy": lambda m, x: int(m.plain.numpy()[0]),
    "a mask": lambda m, x: m.steps[m.steps > 0].shape[0],
    "written in the pass": lambda m, x: int(m.steps.add_(1)[0]),
}
# So are these, of an input of numbers that are not all equal, and of no use to a count from shapes.
VALUES = {
    "a check": lambda m, x: 0 if x.isnan().any() else 2,
    "an item": lambda m, x: 2 if x.sum().item() < 1e9 else 0,
    "a mask": lambda m, x: 2 if x[x < 1e9].numel() == x.numel() else 0,
    "nonzero": lambda m, x: (x < 1e9).nonzero().shape[1],
    "unique": lambda m, x: 2 if x.unique().numel() > 1 else 0,
    "a list": lambda m, x: 2 if x.tolist() else 0,
    "numpy": lambda m, x: x.detach().numpy().ndim,
    "on the CPU": lambda m, x: x.cpu().dim(),
    "a distribution's checks": lambda m, x: Categorical(logits=x, validate_args=True).sample().dim() + 1,
    "written to a constant": lambda m, x: 2 if m.nested["steps"][0].add_(x.abs().sum()).item() > 2 else 0,
    "written to a new tensor": lambda m, x: 2 if torch.zeros(N, D).copy_(x).abs().sum().item() > 0 else 0,
    "a check that is caught": lambda m, x: caught(x),
    "a parameter": lambda m, x: 2 if m.linear.weight.abs().sum() > 0 else 0,
}


def caught(x):
    try:
        return 2 if x.sum() < 1e9 else 0
    except RuntimeError:
        return 1


@both_passes
def test_the_modules_own_constants_are_read_from_shapes_alone(backward):
    with every_case() as case:
        for name, times in CONSTANTS.items():
            with case(name):
                counts = cost(repeated(times), SHAPE, backward=backward)
                assert (counts.macs, counts.inputs) == (2 * MACS * (3 if backward else 1), "meta")


@both_passes
def test_a_value_that_comes_from_the_input_is_read_in_a_real_run_which_is_said(backward):
    with every_case() as case:
        for name, times in VALUES.items():
            with case(name):
                counts = cost(repeated(times), SHAPE, backward=backward)
                assert (counts.macs, counts.inputs) == (2 * MACS * (3 if backward else 1), "real")
                assert counts.unknown_ops == ()


def test_a_count_from_shapes_alone_refuses_values_in_words_that_name_the_way_out():
    module = repeated(VALUES["an item"])
    with pytest.raises(UnreadableValueError) as refusal:
        cost(module, SHAPE, device="meta")
    assert str(refusal.value) == (
        "the forward pass reads values (aten._local_scalar_dense.default), which do not follow from shapes "
        "alone; count a real run of it: cost(..., device='real')"
    )


@both_passes
def test_a_real_run_counts_what_shapes_alone_count(backward):
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.SiLU(), nn.Flatten(), nn.Linear(288, 5))
    shapes, real = (cost(module, (2, 3, 8, 8), backward=backward, device=each) for each in ("meta", "real"))
    assert (shapes.inputs, real.inputs) == ("meta", "real")
    assert real.flops_by_category == shapes.flops_by_category
    assert real.params == shapes.params


def test_a_device_is_one_of_two():
    with pytest.raises(UsageError, match="^cost: device is 'meta' or 'real', not 'cuda'$"):
        cost(nn.Linear(D, D), SHAPE, device="cuda")


def test_a_real_run_changes_nothing():
    module = Does(
        lambda m, x: m.linear(m.norm(x)) if x.sum() < 1e9 else x,
        norm=nn.BatchNorm1d(D),
        linear=nn.Linear(D, D),
    ).train()
    module(torch.randn(SHAPE)).sum().backward()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    gradients = [p.grad.clone() for p in module.parameters()]
    state = torch.get_rng_state()
    assert cost(module, SHAPE, backward=True).inputs == "real"
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(torch.equal(p.grad, kept) for p, kept in zip(module.parameters(), gradients, strict=True))


def test_autocast_around_a_real_run_changes_no_count():
    module = repeated(VALUES["a check"])
    plain = cost(module, SHAPE)
    with torch.autocast("cpu", torch.bfloat16):
        assert cost(module, SHAPE) == plain
        assert torch.is_autocast_enabled("cpu")


def test_a_module_without_values_cannot_be_run():
    with torch.device("meta"):
        module = repeated(VALUES["a check"])
    with pytest.raises(UsageError, match="built on the meta device, where it has none; build it on the CPU$"):
        cost(module, SHAPE)


@pytest.mark.parametrize(
    ("guard", "says"),
    [
        (Guard(most_bytes=10**6, seconds=1e9), "needs 3.81 MiB at aten.mm.default, more than 977 KiB"),
        (Guard(most_bytes=10**9, seconds=-1), "takes more than -1 s"),
    ],
    ids=["memory", "time"],
)
def test_a_run_that_the_machine_has_no_room_for_is_stopped_before_it_takes_it(guard, says):
    x = torch.empty(1000, 1)
    with pytest.raises(UsageError) as refusal:
        guard.check(torch.ops.aten.mm.default, (x, x.T), {}, 0)
    assert says in str(refusal.value)
    assert str(refusal.value).endswith(
        "count a smaller input, or lift the limits by cost(..., device='real')"
    )


def test_a_guard_counts_what_is_alive_and_what_a_new_tensor_takes():
    guard = Guard(most_bytes=10**6, seconds=1e9)
    guard.check(torch.ops.aten.zeros.default, ([100, 100],), {}, 0)
    for alive, shape in ((970_000, [100, 100]), (0, [1000, 1000])):
        with pytest.raises(UsageError, match="more than 977 KiB"):
            guard.check(torch.ops.aten.zeros.default, (shape,), {}, alive)


def test_lengths_of_a_packed_sequence_stay_on_the_cpu():
    lengths = torch.tensor([5, 3, 2])

    def forward(m, x):
        return m.lstm(pack_padded_sequence(x, lengths, batch_first=True))[0].data

    module = Does(forward, lstm=nn.LSTM(4, 6, batch_first=True))
    counts = cost(module, (3, 5, 4))
    assert counts.macs == (5 + 3 + 2) * 4 * 6 * (4 + 6)
    assert counts.output_shape == (10, 6)
    assert counts.inputs == "meta"


def test_a_shape_that_does_not_fit_is_the_modules_own_error():
    module = Does(lambda m, x: m.linear(x) if x.sum() < 1e9 else x, linear=nn.Linear(D + 1, D))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        cost(module, SHAPE)


def test_a_prediction_is_softmaxed_where_a_threshold_says_so():
    module = Does(lambda m, x: F.softmax(x, 1) if x.max() > 100 else x)
    assert cost(module, SHAPE).flops_by_category["softmax"] == 0


def test_a_row_of_a_real_run_says_so(tmp_path):
    file = tmp_path / "checked.py"
    file.write_text(
        "from torch import nn\n"
        "class Checked(nn.Conv2d):\n"
        "    def __init__(self, channels):\n"
        "        super().__init__(channels, channels, 1)\n"
        "    def forward(self, x):\n"
        "        return x if x.isnan().any() else super().forward(x)\n"
    )
    spec = Spec(modules=f"{file}:Checked", points="8@4", counters="none", no_latency=True)
    [cell] = [cell for cell in plan(spec, "cpu").cells if cell.case.module != "none"]
    counts, flags, _ = count(cell.case)
    assert (counts.macs, flags) == (8 * 8 * 16, ("real-run",))
