"""Counts of small networks, checked by hand; and that counting leaves everything as it was."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from attnprof.counting import account

law = settings(derandomize=True, deadline=None, max_examples=25)
N, C, H, W = SHAPE = (2, 8, 3, 5)
T = H * W  # tokens


def meta(make, train=False):
    with torch.device("meta"):
        return make().train(train)


def counted(make, shape=SHAPE, **more):
    return account(meta(make, **more), shape)


def tokens(x):
    return x.flatten(2).transpose(1, 2)  # (N, T, C)


class Does(nn.Module):
    """A module whose forward is a function of itself and its input."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.does = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.does(self, x)


def weight(*shape):
    return nn.Parameter(torch.empty(*shape))


def test_a_convolution():
    found = counted(lambda: nn.Conv2d(C, 6, 3, padding=1))
    assert found.params == found.trainable_params == 6 * C * 9 + 6
    assert found.buffers == 0
    assert found.macs == N * 6 * C * 9 * T
    assert found.output_shape == (N, 6, H, W)


@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 2),
    st.booleans(),
)
@law
def test_any_convolution_is_weights_times_outputs(groups, inner, outer, kernel, stride, batch, bias):
    module = meta(
        lambda: nn.Conv2d(
            groups * inner, groups * outer, kernel, stride, kernel // 2, groups=groups, bias=bias
        )
    )
    found = account(module, (batch, groups * inner, 9, 7))
    weights = groups * outer * inner * kernel**2
    positions = found.output_shape[2] * found.output_shape[3]
    assert found.macs == batch * weights * positions
    assert found.params == weights + (groups * outer if bias else 0)


def test_a_grouped_convolution_is_counted_by_its_groups():
    assert counted(lambda: nn.Conv2d(C, C, 3, padding=1, groups=4)).macs == N * C * 2 * 9 * T
    assert counted(lambda: nn.Conv2d(C, C, 3, padding=1, groups=C)).macs == N * C * 9 * T


def test_a_convolution_over_one_dimension():
    def net():
        return Does(
            lambda m, x: m.conv(x.mean((2, 3)).unsqueeze(1)), conv=nn.Conv1d(1, 1, 3, padding=1, bias=False)
        )

    assert counted(net).macs == N * C * 3


def test_a_transposed_convolution_is_counted_from_its_input():
    assert counted(lambda: nn.ConvTranspose2d(C, 4, 2, stride=2, groups=2)).macs == N * C * 2 * 4 * T


def test_a_linear_layer_on_tokens():
    found = counted(lambda: Does(lambda m, x: m.linear(tokens(x)), linear=nn.Linear(C, 5)))
    assert (found.macs, found.params, found.output_shape) == (N * T * C * 5, C * 5 + 5, (N, T, 5))


def test_a_bias_adds_parameters_and_no_multiplications():
    with_bias, without = counted(lambda: nn.Conv2d(C, 5, 1)), counted(lambda: nn.Conv2d(C, 5, 1, bias=False))
    assert with_bias.macs == without.macs == N * T * C * 5
    assert with_bias.params - without.params == 5


@pytest.mark.parametrize(
    ("forward", "shape", "macs"),
    [
        (lambda m, x: tokens(x) @ m.w, (C,), N * T * C),
        (lambda m, x: tokens(x)[0] @ m.w, (C,), T * C),
        (lambda m, x: m.w @ x[0].flatten(1), (C,), T * C),
        (lambda m, x: torch.dot(x[0, :, 0, 0], m.w).reshape(1), (C,), C),
        (lambda m, x: torch.addmv(m.w[:T], tokens(x)[0], m.w[:C]), (T,), T * C),
        (lambda m, x: tokens(x) @ m.w, (C, 7), N * T * C * 7),
        (lambda m, x: torch.einsum("nchw,c->nhw", x, m.w), (C,), N * T * C),
        (lambda m, x: torch.einsum("nchw,cd->ndhw", x, m.w), (C, 7), N * T * C * 7),
        (lambda m, x: torch.bmm(tokens(x), x.flatten(2)), (1,), N * T * T * C),
        (lambda m, x: torch.baddbmm(m.w, tokens(x), x.flatten(2)), (1, T, T), N * T * T * C),
        (lambda m, x: F.linear(tokens(x), m.w), (7, C), N * T * C * 7),
        (lambda m, x: F.conv2d(x, m.w), (7, C, 1, 1), N * T * C * 7),
    ],
    ids=[
        "matmul with a vector",
        "matrix times vector",
        "vector times matrix",
        "dot",
        "addmv",
        "matmul with a matrix",
        "einsum with a vector",
        "einsum with a matrix",
        "bmm",
        "baddbmm",
        "functional linear",
        "functional conv",
    ],
)
def test_a_product_is_counted_however_it_is_written(forward, shape, macs):
    assert counted(lambda: Does(forward, w=weight(*shape))).macs == macs


@pytest.mark.parametrize(
    "forward",
    [
        lambda m, x: x * x.mean((2, 3), keepdim=True),
        lambda m, x: x.softmax(1) + x.sigmoid(),
        lambda m, x: F.avg_pool2d(x, 2),
        lambda m, x: F.interpolate(x, scale_factor=2.0),
        lambda m, x: F.layer_norm(x, x.shape[1:]),
    ],
    ids=["gate", "softmax", "pooling", "interpolation", "norm"],
)
def test_what_is_no_product_has_no_multiply_accumulates(forward):
    assert counted(lambda: Does(forward)).macs == 0


def attention_of(**more):
    def forward(module, x):
        t = tokens(x)
        return module.attention(t, t, t, **more)

    return lambda: Does(forward, attention=nn.MultiheadAttention(C, 2, batch_first=True))


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("weights", [False, True], ids=["output alone", "with weights"])
def test_multihead_attention_is_its_four_projections_and_two_products(train, weights):
    found = counted(attention_of(need_weights=weights), train=train)
    assert found.macs == N * (4 * T * C * C + 2 * T * T * C)
    assert found.params == 4 * C * C + 4 * C
    assert found.output_shape == (N, T, C)


@pytest.mark.parametrize("heads", [None, 1, 4])
def test_fused_attention_is_its_two_products(heads):
    def forward(module, x):
        t = tokens(x) if heads is None else tokens(x).unflatten(2, (heads, C // heads)).transpose(1, 2)
        return F.scaled_dot_product_attention(t, t, t)

    assert counted(lambda: Does(forward)).macs == N * 2 * T * T * C


def test_a_module_that_is_called_twice_is_counted_twice_and_its_parameters_once():
    once = counted(lambda: Does(lambda m, x: m.conv(x), conv=nn.Conv2d(C, C, 1)))
    twice = counted(lambda: Does(lambda m, x: m.conv(m.conv(x)), conv=nn.Conv2d(C, C, 1)))
    assert (twice.macs, twice.params) == (2 * once.macs, once.params)


def test_a_shared_parameter_is_counted_once():
    def make():
        net = nn.Sequential(nn.Conv2d(C, C, 1), nn.Conv2d(C, C, 1))
        net[1].weight = net[0].weight
        return net

    found = counted(make)
    assert (found.params, found.macs) == (C * C + 2 * C, 2 * N * T * C * C)


def test_frozen_parameters_are_parameters_that_are_not_trained():
    def make():
        net = nn.Sequential(nn.Conv2d(C, C, 1), nn.Conv2d(C, C, 3, padding=1, bias=False))
        net[0].requires_grad_(False)
        return net

    found = counted(make)
    assert (found.params, found.trainable_params, found.frozen_params) == (
        C * C + C + 9 * C * C,
        9 * C * C,
        C * C + C,
    )


def test_running_statistics_are_buffers_and_their_counter_is_not():
    found = counted(lambda: nn.BatchNorm2d(C))
    assert (found.params, found.buffers, found.macs) == (2 * C, 2 * C, 0)


def test_a_branch_that_is_not_run_has_parameters_and_no_multiplications():
    found = counted(lambda: Does(lambda m, x: x, idle=nn.Conv2d(C, C, 1)))
    assert (found.params, found.macs) == (C * C + C, 0)


def test_the_mode_decides_what_is_run():
    def make():
        return Does(lambda m, x: m.conv(x) if m.training else x, conv=nn.Conv2d(C, C, 1))

    assert counted(make, train=True).macs == N * T * C * C
    assert counted(make, train=False).macs == 0


@given(st.integers(1, 64), st.integers(1, 4096))
@law
def test_counts_are_exact_and_linear_in_the_batch(batch, side):
    module = meta(lambda: nn.Conv2d(C, C, 3, padding=1, bias=False))
    found = account(module, (batch, C, side, side))
    assert found.macs == batch * side * side * 9 * C * C
    assert type(found.macs) is int


def test_a_map_that_no_memory_holds_is_counted_all_the_same():
    found = counted(lambda: Does(lambda m, x: tokens(x) @ x.flatten(2)), (1, 512, 2048, 2048))
    assert found.macs == 512 * 2048**4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_number_format_changes_no_count(dtype):
    module = meta(lambda: nn.Conv2d(C, C, 1)).to(dtype)
    found, plain = account(module, SHAPE, dtype), counted(lambda: nn.Conv2d(C, C, 1))
    assert (found.params, found.flops_by_category) == (plain.params, plain.flops_by_category)
    assert found.bytes_moved * 4 == plain.bytes_moved * dtype.itemsize


def test_of_several_outputs_the_first_is_the_output():
    assert counted(lambda: Does(lambda m, x: (x[:, :1], x))).output_shape == (N, 1, H, W)


@pytest.mark.parametrize("train", [False, True])
def test_counting_leaves_the_module_as_it_was(train):
    module = meta(attention_of(), train=train)

    def state():
        return (
            [(name, id(value)) for name, value in module.state_dict(keep_vars=True).items()],
            [(name, sorted(vars(child)), child.training) for name, child in module.named_modules()],
            [len(child._forward_hooks) + len(child._forward_pre_hooks) for child in module.modules()],
            [parameter.requires_grad for parameter in module.parameters()],
        )

    before = state()
    account(module, SHAPE)
    assert state() == before


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_counting_leaves_the_fast_path_of_attention_as_it_was(enabled, fails):
    def refuse(module, x):
        raise RuntimeError("no")

    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(enabled)
    try:
        if fails:
            with pytest.raises(RuntimeError, match="no"):
                counted(lambda: Does(refuse))
        else:
            counted(attention_of())
        assert torch.backends.mha.get_fastpath_enabled() is enabled
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def test_counting_leaves_gradients_switched_on():
    counted(lambda: nn.Conv2d(C, C, 1))
    assert torch.is_grad_enabled()


def test_counting_twice_gives_the_same():
    module = meta(attention_of())
    assert account(module, SHAPE) == account(module, SHAPE)
