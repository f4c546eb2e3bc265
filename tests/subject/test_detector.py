"""A detector that reads values while it is built and run takes modules as other networks do."""

import pickle
from copy import deepcopy

import pytest
import torch

from attnprof.counting import cost
from attnprof.errors import ImpossibleShapeError
from attnprof.records.case import Case
from attnprof.subject.build import build
from attnprof.subject.counts import count
from attnprof.subject.insertion import insert, sites
from tests.subject import detector
from tests.subject.detector import FUSED_PARAMS, MACS, PARAMS, Detector

SHAPE = (1, 3, 64, 64)
HERE = f"{detector.__file__}:Detector"
SE_AT_64, SE_AT_32 = 512, 128  # parameters and MACs, with the reduction 16


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Detector().eval()


@pytest.fixture
def image():
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))


def test_it_is_counted_to_the_digit(network):
    account = cost(network, SHAPE)
    assert (account.params, account.macs) == (PARAMS, MACS)


@pytest.mark.parametrize(
    ("at", "sizes", "macs"),
    [
        ("model.2", [(32, 8, 8)], SE_AT_32),
        ("model.3", [(32, 16, 16)], SE_AT_32),
        ("model.4", [(64, 16, 16)], SE_AT_64),
        ("before:model.5", [(64, 16, 16)], SE_AT_64),
        ("model.5", [(32, 16, 16)], SE_AT_32),
        ("model.[25].act", [(32, 8, 8), (32, 16, 16)], 2 * SE_AT_32),
    ],
)
def test_a_module_in_it_is_counted_to_the_digit(network, at, sizes, macs):
    assert [(s.channels, s.height, s.width) for s in sites(network, "se", at, SHAPE)] == sizes
    insert(network, "se", at=at, shape=SHAPE)
    account = cost(network, SHAPE)
    assert (account.params, account.macs) == (PARAMS + macs, MACS + macs)


def test_its_sequential_takes_none_and_says_why(network):
    with pytest.raises(Exception, match="model: the network does not call it"):
        insert(network, "se", at="model", shape=SHAPE)


def test_a_list_of_maps_is_no_place_before_the_join(network):
    with pytest.raises(ImpossibleShapeError, match=r"model\.4: what is there is no map"):
        insert(network, "se", at="before:model.4", shape=SHAPE)


def test_a_layer_is_replaced_and_still_names_its_sources(network, image):
    before = cost(network, SHAPE)
    insert(network, "sk", at="replace:model.2", shape=SHAPE)
    assert network.model[2].sources == (-1,)
    assert cost(network, SHAPE).params != before.params
    assert torch.isfinite(network(image)[0]).all()


@pytest.mark.parametrize("at", ["model.4", "model.5", "before:model.5", "model.*.act"])
def test_the_module_stays_when_norms_are_merged(network, image, at):
    insert(network, "eca", at=at, shape=SHAPE)
    names = {name for name, _ in network.named_parameters() if "attention" in name}
    plain, params = network(image)[0], cost(network, SHAPE).params
    with torch.no_grad():
        network.fuse()
    assert {name for name, _ in network.named_parameters() if "attention" in name} == names
    torch.testing.assert_close(network(image)[0], plain, rtol=1e-3, atol=1e-3)
    account = cost(network, SHAPE)
    assert account.params == params - (PARAMS - FUSED_PARAMS)
    assert account.macs == cost(deepcopy(network), SHAPE).macs


def test_macs_are_those_of_before_when_norms_are_merged(network):
    insert(network, "se", at="model.4", shape=SHAPE)
    with torch.no_grad():
        network.fuse()
    account = cost(network, SHAPE)
    assert (account.params, account.macs) == (FUSED_PARAMS + SE_AT_64, MACS + SE_AT_64)


@pytest.mark.parametrize("fused", [False, True])
def test_it_is_copied_and_pickled_with_the_module(network, image, fused):
    insert(network, "eca", at="model.4", shape=SHAPE)
    if fused:
        with torch.no_grad():
            network.fuse()
    for twin in (deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert torch.equal(twin(image)[0], network(image)[0])
        [weight] = [p for name, p in twin.named_parameters() if "attention" in name]
        with torch.no_grad():
            weight.add_(1)
        assert not torch.equal(twin(image)[0], network(image)[0])


def case(module, place, **more):
    settings = {"bias": False, "reduction": 16} if module == "se" else {}
    return Case(module, 3, 64, 64, hyperparameters=settings, host=HERE, place=place, **more)


@pytest.mark.parametrize(
    ("module", "place", "macs"),
    [("none", "", 0), ("se", "after:model.4", SE_AT_64), ("se", "after:model.5", SE_AT_32)],
)
def test_a_case_of_it_is_counted(module, place, macs):
    account, flags, _ = count(case(module, place))
    assert (account.params, account.macs) == (PARAMS + macs, MACS + macs)
    assert "incomplete" not in flags


def test_a_case_of_it_runs():
    gated = build(case("se", "after:model.4"), torch.device("cpu"))
    assert gated(torch.randn(SHAPE)).shape == (1, 8, 16 * 16 + 8 * 8)
