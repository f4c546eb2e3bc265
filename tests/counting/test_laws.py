"""Laws that counts keep whatever the network is."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from attnprof.catalogue import MODULES, create, entry
from attnprof.counting import account, account_of
from tests.counting.truth.table import Does

law = settings(derandomize=True, deadline=None, max_examples=40)
both_passes = pytest.mark.parametrize("backward", [False, True], ids=["forward", "forward and backward"])


def tokens(x):
    return x.flatten(2).transpose(1, 2)


def attended(m, x):
    t = m.project(tokens(x))
    return ((t @ t.transpose(1, 2)).softmax(-1) @ t).transpose(1, 2).view_as(x)


def fused(m, x):  # projected, since the kernel wants the elements of a token one behind the other
    heads = m.project(tokens(x)).unflatten(2, (2, -1)).transpose(1, 2)
    y = F.scaled_dot_product_attention(heads, heads, heads)
    return y.transpose(1, 2).flatten(2).transpose(1, 2).reshape(x.shape)


# By name: from (channels, kernel) to a layer that keeps (N, C, H, W). Channels are a multiple of 4, kernels
# odd.
SIMPLE = {
    "conv": lambda c, k: nn.Conv2d(c, c, k, padding=k // 2),
    "dilated": lambda c, k: nn.Conv2d(c, c, 3, padding=k, dilation=k, bias=False),
    "grouped": lambda c, k: nn.Conv2d(c, c, k, padding=k // 2, groups=4),
    "depthwise": lambda c, k: nn.Conv2d(c, c, k, padding=k // 2, groups=c),
    "transposed": lambda c, k: nn.ConvTranspose2d(c, c, k, padding=k // 2, groups=2),
    "relu": lambda c, k: nn.ReLU(),
    "silu": lambda c, k: nn.SiLU(),
    "softmax": lambda c, k: nn.Softmax(1),
    "average pooling": lambda c, k: nn.AvgPool2d(k, 1, k // 2),
    "gate": lambda c, k: Does(
        lambda m, x: x * m.conv(x.mean((2, 3), True)).sigmoid(), conv=nn.Conv2d(c, c, 1)
    ),
    "residual": lambda c, k: Does(lambda m, x: x + m.conv(x), conv=nn.Conv2d(c, c, 1)),
    "attention": lambda c, k: Does(attended, project=nn.Linear(c, c)),
}
# These save statistics or places whose bytes do not follow the number format.
OTHER = {
    "fused attention": lambda c, k: Does(fused, project=nn.Linear(c, c)),
    "max pooling": lambda c, k: nn.MaxPool2d(k, 1, k // 2),
    "batch norm": lambda c, k: nn.BatchNorm2d(c),
    "group norm": lambda c, k: nn.GroupNorm(4, c),
}
CONVOLUTIONS = {name: SIMPLE[name] for name in ("conv", "dilated", "grouped", "depthwise", "transposed")}

channels = st.sampled_from([4, 8, 12])
kernels = st.sampled_from([1, 3, 5])


def layers(known):
    """A layer's name, made on meta where it is asked for its channels."""
    return st.tuples(st.sampled_from(sorted(known)), kernels)


def make(layer, c):
    name, kernel = layer
    with torch.device("meta"):
        return (SIMPLE | OTHER)[name](c, kernel).eval()


shapes = st.tuples(st.integers(1, 3), channels, st.integers(5, 9), st.integers(5, 9))


@both_passes
@given(layers(SIMPLE | OTHER), shapes, st.integers(2, 5))
@law
def test_macs_are_linear_in_the_batch(backward, layer, shape, times):
    n, c, h, w = shape
    one = account(make(layer, c), shape, backward=backward)
    more = account(make(layer, c), (times * n, c, h, w), backward=backward)
    assert more.macs == times * one.macs
    assert more.params == one.params


@given(layers(SIMPLE | OTHER), shapes, st.integers(2, 5))
@law
def test_all_of_forward_is_linear_in_the_batch(layer, shape, times):
    n, c, h, w = shape
    one, more = account(make(layer, c), shape), account(make(layer, c), (times * n, c, h, w))
    assert more.flops_by_category == {
        category: times * flops for category, flops in one.flops_by_category.items()
    }


@both_passes
@given(st.lists(layers(SIMPLE | OTHER), min_size=2, max_size=4), shapes)
@law
def test_a_sequence_costs_what_its_layers_cost(backward, chosen, shape):
    parts = [make(layer, shape[1]) for layer in chosen]
    whole = account(nn.Sequential(*parts), shape, backward=backward)
    each = [account(part, shape, backward=backward) for part in parts]
    assert whole.params == sum(one.params for one in each)
    assert whole.buffers == sum(one.buffers for one in each)
    assert whole.flops_by_category == {
        category: sum(one.flops_by_category[category] for one in each) for category in whole.flops_by_category
    }


@given(layers(SIMPLE | OTHER), layers(SIMPLE | OTHER), shapes)
@law
def test_two_layers_move_the_bytes_of_both_and_need_no_more_memory_than_both(first, second, shape):
    assume(
        "attention" not in first[0]
    )  # it leaves its output in another order of dimensions, and the next may copy it
    parts = [make(layer, shape[1]) for layer in (first, second)]
    whole = account(nn.Sequential(*parts), shape)
    one, other = (account(part, shape) for part in parts)
    assert whole.bytes_moved == one.bytes_moved + other.bytes_moved
    assert max(one.activation_memory, other.activation_memory) <= whole.activation_memory
    assert whole.activation_memory <= one.activation_memory + other.activation_memory


@both_passes
@given(layers(SIMPLE | OTHER), shapes, st.sampled_from([torch.float16, torch.bfloat16, torch.float64]))
@law
def test_flops_do_not_depend_on_the_number_format(backward, layer, shape, dtype):
    plain = account(make(layer, shape[1]), shape, backward=backward)
    other = account(make(layer, shape[1]).to(dtype), shape, dtype, backward=backward)
    assert (other.flops_by_category, other.params) == (plain.flops_by_category, plain.params)


@both_passes
@given(layers(SIMPLE), shapes, st.sampled_from([torch.float16, torch.bfloat16, torch.float64]))
@law
def test_bytes_are_proportional_to_the_size_of_a_number(backward, layer, shape, dtype):
    plain = account(make(layer, shape[1]), shape, backward=backward)
    other = account(make(layer, shape[1]).to(dtype), shape, dtype, backward=backward)
    for metric in ("bytes_moved", "minimal_bytes", "activation_memory"):
        assert getattr(other, metric) * 4 == getattr(plain, metric) * dtype.itemsize, metric


@both_passes
@given(layers(SIMPLE | OTHER), shapes)
@law
def test_channels_last_changes_no_flops(backward, layer, shape):
    plain = account(make(layer, shape[1]), shape, backward=backward)
    x = torch.empty(shape, device="meta").to(memory_format=torch.channels_last)
    last = account_of(make(layer, shape[1]).to(memory_format=torch.channels_last), x, backward=backward)
    assert (last.flops_by_category, last.params) == (plain.flops_by_category, plain.params)
    assert (last.output_shape, last.minimal_bytes) == (plain.output_shape, plain.minimal_bytes)


@both_passes
@given(layers(SIMPLE | OTHER), shapes)
@law
def test_a_parent_changes_nothing_but_the_names(backward, layer, shape):
    module = make(layer, shape[1])
    alone = account(module, shape, backward=backward)
    within = account(Does(lambda m, x: m.child(x), child=module), shape, backward=backward)
    assert within == alone
    assert [op.name for op in within.operators] == [op.name for op in alone.operators]
    assert [op.module for op in within.operators if not op.backward] == [
        f"child.{op.module}".rstrip(".") for op in alone.operators if not op.backward
    ]


@given(layers(CONVOLUTIONS), shapes)
@law
def test_a_convolutions_backward_is_twice_its_forward(layer, shape):
    forward = account(make(layer, shape[1]), shape).macs
    assert account(make(layer, shape[1]), shape, backward=True).macs == 3 * forward


@given(layers(CONVOLUTIONS), shapes)
@law
def test_frozen_convolutions_have_no_gradient_of_their_weight(layer, shape):
    forward = account(make(layer, shape[1]), shape).macs
    assert account(make(layer, shape[1]).requires_grad_(False), shape, backward=True).macs == 2 * forward


SIDES = (7, 8, 14, 16, 28)


def fitting(name):
    return next(side for side in SIDES if entry(name).fits(64, side, side))


def on(device, name):
    side = fitting(name)
    with torch.device(device):
        return create(name, 64, height=side, width=side).eval()


# fold's storage is as large as the columns that it adds up (torch makes it like its input and cuts it); on
# meta it is not.
LARGER_STORAGE = {"outlook"}


@pytest.mark.parametrize("name", MODULES.names())
def test_real_tensors_are_counted_as_meta_tensors(name):
    shape = (2, 64, fitting(name), fitting(name))
    maps = entry(name).maps
    real = account_of(on("cpu", name), *(torch.zeros(shape) for _ in range(maps)))
    meta = account(on("meta", name), shape, maps=maps)
    if name in LARGER_STORAGE:
        assert real.activation_memory > meta.activation_memory
        assert real.bytes_moved == meta.bytes_moved
        assert real.flops_by_category == meta.flops_by_category
    else:
        assert real == meta
    assert [op.name for op in real.operators] == [op.name for op in meta.operators]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES.names())
def test_gradients_of_real_tensors_are_counted_as_those_of_meta_tensors(name):
    shape = (1, 64, fitting(name), fitting(name))
    maps = entry(name).maps
    real = account_of(on("cpu", name), *(torch.zeros(shape) for _ in range(maps)), backward=True)
    meta = account(on("meta", name), shape, maps=maps, backward=True)
    assert (real.flops_by_category, real.bytes_moved) == (meta.flops_by_category, meta.bytes_moved)
    assert (real.activation_memory == meta.activation_memory) is (name not in LARGER_STORAGE)
