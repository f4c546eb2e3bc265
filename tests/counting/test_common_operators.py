"""Operators that modules of others use: each is counted by docs/counting.md, or named as unknown; none is
silently nothing."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attnprof.counting import cost
from tests.counting.truth.table import Does

SHAPE = N, C, H, W = 2, 8, 6, 6
X = N * C * H * W


def counted(function, backward=False, **parts):
    return cost(Does(lambda _, x: function(x), **parts), SHAPE, backward=backward)


def places(x):
    """A place along the channels for every element of x."""
    return torch.zeros(x.shape, dtype=torch.int64, device=x.device)


def cube(x):
    return x.unsqueeze(2).expand(N, C, 4, H, W)


def grid(x, *sides):
    return torch.zeros(N, *sides, len(sides), device=x.device)


def complex_of(x):
    return x.to(torch.complex64)


COUNTED = {
    "glu": (lambda x: F.glu(x, 1), {"transcendental": X // 2, "pointwise": X // 2}),
    "scatter that adds": (lambda x: x.scatter(1, places(x), x, reduce="add"), {"pointwise": X}),
    "scatter of a number that multiplies": (
        lambda x: x.scatter(1, places(x), 2.0, reduce="multiply"),
        {"pointwise": X},
    ),
    "scatter in place that adds": (
        lambda x: torch.zeros_like(x).scatter_(1, places(x), x, reduce="add"),
        {"pointwise": X},
    ),
    "scatter": (lambda x: x.scatter(1, places(x), x), {}),
    # The inputs are complexes of which the sums are counted: 2 real additions each.
    "scatter-add of complex numbers": (
        lambda x: torch.view_as_real(complex_of(x).scatter_add(1, places(x), complex_of(x))),
        {"pointwise": 2 * X},
    ),
    "cumulative sum of complex numbers": (
        lambda x: torch.view_as_real(complex_of(x).cumsum(1)),
        {"reduction": 2 * (X - X // C)},
    ),
    "cumulative logarithm of sums": (lambda x: x.logcumsumexp(1), {"transcendental": X - X // C}),
    "both ends": (lambda x: x.aminmax(dim=1).max, {"reduction": 2 * (X - X // C)}),
    "norm": (lambda x: x.norm(dim=1), {"reduction": 2 * X - X // C, "transcendental": X // C}),
    "norm of order 1": (lambda x: x.norm(p=1, dim=1), {"reduction": 2 * X - X // C}),
    "norm of order infinity": (lambda x: x.norm(p=float("inf"), dim=1), {"reduction": 2 * X - X // C}),
    "norm of order 3": (
        lambda x: x.norm(p=3, dim=1),
        {"reduction": 2 * X - X // C, "transcendental": X + X // C},
    ),
    "sampling in space": (
        lambda x: F.grid_sample(cube(x), grid(x, 5, 5, 5), align_corners=False),
        {"pointwise": 25 * N * C * 125},
    ),
    "sampling in space, nearest": (
        lambda x: F.grid_sample(cube(x), grid(x, 5, 5, 5), mode="nearest", align_corners=False),
        {},
    ),
    "places among boundaries": (
        lambda x: torch.bucketize(x, torch.zeros(9, device=x.device)),
        {"reduction": 4 * X},
    ),
    # 36 tokens of 8 on either side: 8 differences, 8 squares, 7 additions and a root for each pair.
    "distances": (
        lambda x: torch.cdist(x.flatten(2).mT, x.flatten(2).mT),
        {"pointwise": N * 36 * 36 * 8, "reduction": N * 36 * 36 * 15, "transcendental": N * 36 * 36},
    ),
    "distances of order 1": (
        lambda x: torch.cdist(x.flatten(2).mT, x.flatten(2).mT, p=1),
        {"pointwise": N * 36 * 36 * 8, "reduction": N * 36 * 36 * 15},
    ),
    "affine grid": (
        lambda x: F.affine_grid(x[:, 0, :2, :3], x.shape, align_corners=False),
        {"mac": 2 * N * H * W * 2 * 3},
    ),
    "bias of a complex product": (
        lambda x: torch.view_as_real(F.linear(complex_of(x), complex_of(x)[0, 0], complex_of(x)[0, 0, 0])),
        {"mac": 8 * X * W, "bias": 2 * X},
    ),
    "addcmul of complex numbers": (
        lambda x: torch.view_as_real(torch.addcmul(complex_of(x), complex_of(x), complex_of(x))),
        {"pointwise": (6 + 2) * X},
    ),
    "copies to places": (lambda x: x.index_copy(1, torch.arange(C, device=x.device), x), {}),
}


@pytest.mark.parametrize(("function", "expected"), COUNTED.values(), ids=COUNTED.keys())
def test_an_operator_of_others_is_counted_as_the_definition_says(function, expected):
    found = counted(function)
    assert {category: n for category, n in found.flops_by_category.items() if n} == expected
    assert found.unknown_ops == ()


NAMED = {
    "upsampling with antialiasing": lambda x: F.interpolate(x, size=(3, 3), mode="bilinear", antialias=True),
    "exponential of a matrix": torch.linalg.matrix_exp,
    "fractional pooling": lambda x: F.fractional_max_pool2d(x, 2, output_size=(3, 3)),
}


@pytest.mark.parametrize("function", NAMED.values(), ids=NAMED.keys())
def test_an_operator_without_a_rule_is_named(function):
    assert counted(function).unknown_ops != ()


def test_glu_goes_back_in_five_operations_per_element_of_its_gradient():
    there, both = (counted(lambda x: F.glu(x, 1), backward).flops for backward in (False, True))
    assert both - there == 5 * X // 2


def test_noise_of_rrelu_goes_back_in_one_operation():
    module = nn.RReLU().train()
    there, both = (cost(module, SHAPE, backward=backward) for backward in (False, True))
    assert both.flops - there.flops == X
    assert both.unknown_ops == ()


@pytest.mark.parametrize("mode", ["reflect", "replicate"])
@pytest.mark.parametrize("sides", [1, 2, 3])
def test_a_padded_border_goes_back_in_one_addition_per_element(mode, sides):
    module = Does(lambda _, x: F.pad(x, (1, 1) * sides, mode=mode))
    shape = (2, 3, *(4, 5, 6)[:sides])
    there, both = (cost(module, shape, backward=backward) for backward in (False, True))
    padded = 2 * 3 * torch.Size(side + 2 for side in shape[2:]).numel()
    assert there.flops == 0
    assert both.flops == padded
    assert both.unknown_ops == ()
