"""How other counters count: on a network small enough to add up by hand, and on the well-known one."""

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from attnprof.comparison.conventions import (
    MACS,
    PARAMS,
    Operations,
    backbone,
    biased,
    exact,
    imgclsmob,
    layers_alone,
    norms_twice,
    params_of_leaves,
    pooled,
    ptflops,
    thop_2019,
    thop_2020,
    thop_early_2019,
    twice,
)
from attnprof.counting import account, cost, on_meta
from attnprof.metrics import METRICS, Findings
from attnprof.metrics._measure import measure
from attnprof.networks import build_network
from attnprof.records.case import Case

NEEDED = ("params", "leaf_params", "channel_pairs", "macs", "operators")


def ran(network, shape):
    """What the metrics say ran in ``network``, as a row of a run has it."""
    found = Findings(Case("none", *shape[1:], batch=shape[0]), account=account(network, shape))
    return Operations.of_row({name: measure(METRICS.get(name), found).value for name in NEEDED})


@pytest.fixture(scope="module")
def small():
    # (1, 3, 8, 8) -> conv with bias (4, 8, 8) -> norm -> ReLU -> maximum of 2x2 (4, 4, 4) -> average (4) ->
    # linear (5)
    with on_meta():
        body = [
            nn.Conv2d(3, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.AdaptiveAvgPool2d(1),
        ]
        network = nn.Sequential(*body, nn.Flatten(), nn.Linear(4, 5)).eval()
    return ran(network, (1, 3, 8, 8))


CONV, FC = 27 * 4 * 64, 20
ELEMENTS = 4 * 64  # behind the convolution, the norm and the ReLU, and what the maximum reads
POOLED = 4 * 16  # what the maximum writes and the average reads


@pytest.mark.parametrize(
    ("convention", "count"),
    [
        (exact, CONV + FC),
        (biased, CONV + FC + ELEMENTS + 5),
        (twice, 2 * (CONV + FC)),
        (layers_alone, CONV + FC),
        (pooled, CONV + FC + ELEMENTS + POOLED),
        (norms_twice, CONV + FC + 2 * ELEMENTS),
        (thop_2020, CONV + FC + 2 * ELEMENTS + POOLED + 4),
        (ptflops, CONV + FC + 2 * ELEMENTS + ELEMENTS + ELEMENTS + (ELEMENTS + POOLED)),
        (backbone, CONV + 2 * ELEMENTS + ELEMENTS + ELEMENTS + (ELEMENTS + POOLED)),
        (thop_2019, CONV + FC + 4 * ELEMENTS + ELEMENTS + POOLED + 4),
        # A convolution with a bias, and a linear layer with one, have no addition less.
        (imgclsmob, (2 * (CONV + FC) + 4 * ELEMENTS + ELEMENTS + (4 * POOLED + POOLED)) / 2),
        (thop_early_2019, CONV + FC + 4 * ELEMENTS + ELEMENTS + POOLED + 4 + FC + 4 * POOLED),
    ],
)
def test_a_convention_counts_by_its_rules(small, convention, count):
    assert convention(small, small) == count


def test_every_convention_says_how_it_differs_and_ours_does_not():
    assert [each.says for each in MACS].count("") == 1
    assert [each.says for each in PARAMS].count("") == 1
    assert len({each.says for each in MACS}) == len(MACS)
    assert all(each.count.__doc__ for each in (*MACS, *PARAMS))


def test_only_what_counts_pooling_depends_on_whose_pooling_is_seen(small):
    kinds = {name: kind for name, kind in small.kinds.items() if name != "mean" and "pool" not in name}
    blind = replace(small, kinds=kinds)
    for each in MACS:
        assert (each.count(small, blind) != each.count(small, small)) == each.pools, each.says


def test_pooling_of_whole_maps_can_be_left_out_and_that_over_windows_stays(small):
    with on_meta():
        network = nn.Sequential(nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1)).eval()
    whole = ran(network, (1, 4, 8, 8))
    assert pooled(whole, whole) == 256 + 64
    assert pooled(whole, whole.without_pooling_of_maps()) == 256
    assert pooled(whole, whole.with_windows_of(small)) == 64


def test_pooling_that_a_module_adds_can_count_as_one_operation_per_channel():
    with on_meta():
        plain = nn.Sequential(nn.AdaptiveAvgPool2d(1)).eval()
        gated = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.AdaptiveAvgPool2d(1)).eval()
    alone, more = (ran(network, (1, 4, 8, 8)) for network in (plain, gated))
    once = alone.with_pooling_once(more)
    assert imgclsmob(more, alone) == 4 * 64 / 2
    assert imgclsmob(more, once) == (4 * 64 + 4) / 2


@pytest.mark.parametrize(("side", "name"), [(3, "max_pool2d_with_indices"), (2, "max_pool2d_with_indices@4")])
def test_a_maximum_over_other_than_3x3_has_its_elements_behind_its_name(side, name):
    with on_meta():
        network = nn.Sequential(nn.MaxPool2d(side, 2)).eval()
    assert set(ran(network, (1, 4, 8, 8)).kinds) == {name}


@pytest.mark.parametrize(
    ("layer", "operations"), [(nn.Sigmoid(), 4), (nn.SiLU(), 5), (nn.Hardsigmoid(), 1), (nn.Hardswish(), 2)]
)
def test_a_sigmoid_of_each_kind_has_its_operations(layer, operations):
    with on_meta():
        this = ran(nn.Sequential(layer), (1, 2, 3, 3))
    assert imgclsmob(this, this) == operations * 18 / 2


@pytest.fixture(scope="module")
def resnet50():
    with on_meta():
        return ran(build_network("resnet50").eval(), (1, 3, 224, 224))


@pytest.mark.parametrize(
    ("convention", "printed"),
    [(exact, "4.089"), (norms_twice, "4.111"), (ptflops, "4.122"), (thop_2019, "4.143"), (twice, "8.178")],
)
def test_resnet50_has_the_figures_that_are_known_of_it(resnet50, convention, printed):
    assert f"{convention(resnet50, resnet50) / 1e9:.3f}" == printed


def test_a_linear_layer_is_one_without_a_bias_too():
    with on_meta():
        networks = [nn.Sequential(nn.Flatten(), nn.Linear(48, 5, bias=bias)).eval() for bias in (False, True)]
    without, having = (ran(network, (1, 3, 4, 4)) for network in networks)
    assert layers_alone(without, without) == layers_alone(having, having) == 48 * 5
    assert thop_early_2019(without, without) == 2 * 48 * 5
    # An addition less per output, of two operations per multiplication.
    assert imgclsmob(without, without) == 48 * 5 - 5 / 2


def test_a_product_of_two_maps_is_no_layer():
    with on_meta():
        network = nn.MultiheadAttention(8, 2, batch_first=True).eval()

    class Itself(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = network

        def forward(self, x):
            return self.attention(x, x, x)[0]

    found = Findings(Case("none", 3, 4, 4), account=account(Itself(), (1, 6, 8)))
    kinds = json.loads(measure(METRICS.get("operators"), found).value)
    assert sum(kind[3] for kind in kinds.values()) == found.account.macs
    this = Operations(0, 0, 0, found.account.macs, {name: tuple(kind) for name, kind in kinds.items()})
    assert 0 < exact(this, this) - layers_alone(this, this) == 2 * 6 * 6 * 8


class Bare(nn.Module):
    """A parameter of its own beside a submodule, and a leaf with one."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(7))
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        return self.norm(x) * self.weight.sum()


def test_bare_parameters_beside_submodules_are_missed():
    found = cost(Bare(), (2, 3, 4, 4))
    assert (found.params, found.leaf_params) == (13, 6)
    assert params_of_leaves(Operations(13, 6, 0, 0, {})) == 6


def test_a_layer_of_torchs_stays_one_with_something_behind_it():
    conv = nn.Conv2d(3, 4, 1)
    conv.add_module("attention", nn.Linear(2, 2))
    assert cost(conv, (1, 3, 4, 4)).leaf_params == 3 * 4 + 4 + 2 * 2 + 2


def test_convolutions_without_bias_join_pairs_of_channels():
    network = nn.Sequential(
        nn.Conv2d(4, 6, 3, groups=2, bias=False), nn.Conv2d(6, 5, 1), nn.Conv2d(5, 2, 1, bias=False)
    )
    assert cost(network, (1, 4, 8, 8)).channel_pairs == 4 * 6 // 2 + 5 * 2
