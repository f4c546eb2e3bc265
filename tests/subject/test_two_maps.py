"""A module that fuses two maps is counted and called with two that differ; all others with one."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from attnprof.catalogue import MODULES, entry
from attnprof.counting import account, account_of, cost
from attnprof.errors import ImpossibleShapeError
from attnprof.networks import build_network
from attnprof.networks._joints import Sum
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES, NotTaken
from attnprof.spec import Spec
from attnprof.subject.build import build
from attnprof.subject.calls import call_of
from attnprof.subject.counts import count, count_with
from attnprof.subject.inputs import by_call, examples, ring
from attnprof.subject.insertion import insert

CPU = torch.device("cpu")
FUSION = [name for name in MODULES.names() if entry(name).maps == 2]
SHAPE = (2, 64, 14, 14)


def case_of(name, **conditions):
    return Case(name, *SHAPE[1:], dict(entry(name).hyperparameters), batch=SHAPE[0], **conditions)


def test_the_family_is_the_modules_of_two_maps():
    assert [name for name in MODULES.names() if entry(name).family == "fusion"] == FUSION
    assert "aff_fusion" in FUSION


@pytest.mark.parametrize("name", FUSION)
@pytest.mark.parametrize("mode", ["eval", "train"])
def test_its_account_is_that_of_a_call_with_two_tensors(name, mode):
    case = case_of(name, mode=mode)
    maps = [torch.empty(SHAPE, device="meta") for _ in range(2)]
    train = mode == "train"
    module = build(case, torch.device("meta"))
    counted = count(case).account
    assert counted == account_of(module, *maps, backward=train)
    assert counted == cost(module, (SHAPE, SHAPE), backward=train)
    # Both maps, the output and the parameters; in training a gradient of each.
    weights = sum(p.numel() for p in module.parameters())
    elements = 3 * maps[0].numel() + weights
    assert counted.minimal_bytes == 4 * elements * (2 if train else 1)


@pytest.mark.parametrize("name", FUSION)
def test_by_its_name_one_shape_is_that_of_both(name):
    module = build(case_of(name), torch.device("meta"))
    assert cost(name, SHAPE) == account(module, SHAPE, maps=2)
    assert cost(name, ",".join(["2x64x14x14"] * 2)) == cost(name, SHAPE)


@pytest.mark.parametrize("name", FUSION)
def test_a_step_of_training_gives_both_maps_a_gradient(name, monkeypatch):
    case, inputs = case_of(name, mode="train"), []
    call = call_of(case, CPU, ring(case, CPU, 0))
    forward = call._module.forward
    monkeypatch.setattr(call._module, "forward", lambda x, y: inputs.extend((x, y)) or forward(x, y))
    call()
    grads = [x.grad for x in inputs]
    assert len(grads) == 2
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in grads)


def test_cold_maps_are_the_next_two_of_the_ring_and_no_copies():
    case = case_of("aff_fusion")
    calls = by_call(case, CPU, ring(case, CPU, 4 * 10**6))
    (first, second), (third, fourth) = next(calls), next(calls)
    assert first.shape == second.shape == SHAPE
    addresses = [x.data_ptr() for x in (first, second, third, fourth)]
    assert len(set(addresses)) == 4
    assert {x.untyped_storage().data_ptr() for x in (first, second)} == {first.untyped_storage().data_ptr()}
    assert not torch.equal(first, second)


def test_hot_maps_are_two_and_the_same_in_every_call():
    case = case_of("aff_fusion", inputs="hot")
    calls = by_call(case, CPU, ring(case, CPU, 0))
    first, again = next(calls), next(calls)
    assert [x.data_ptr() for x in first] == [x.data_ptr() for x in again]
    assert not torch.equal(*first)


def test_a_module_of_one_map_takes_one():
    for inputs in ("cold", "hot"):
        case = case_of("se", inputs=inputs)
        assert len(next(by_call(case, CPU, ring(case, CPU, 0)))) == len(examples(case, CPU)) == 1


@pytest.mark.parametrize("counter", ["flopcounter", "fvcore", "thop"])
def test_another_counter_gets_both(counter):
    pytest.importorskip({"flopcounter": "torch"}.get(counter, counter))
    case = case_of("aff_fusion")
    assert isinstance(count_with(counter, case, count(case).account.macs), int)


def test_a_runtime_of_one_map_says_so():
    others = [name for name in RUNTIMES.names() if not RUNTIMES.get(name).is_torch]
    case = case_of("aff_fusion", execution=others[0])
    with pytest.raises(NotTaken, match="modules of one map; aff_fusion takes two"):
        call_of(case, CPU, iter(()))


class Joins(nn.Module):
    """Two branches that meet in a submodule."""

    def __init__(self, joint):
        super().__init__()
        self.one, self.other = nn.Conv2d(3, 64, 1), nn.Conv2d(3, 64, 3, padding=1)
        self.joint = joint

    def forward(self, x):
        return self.joint(self.one(x), self.other(x))


class Takes(nn.Module):
    """A joint that does what a function says."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


def put(network, module, at):
    return insert(network.eval(), module, at=at, shape=(1, 3, 14, 14))


def test_it_goes_in_place_of_what_makes_one_map_of_two_and_gets_both_in_order():
    torch.manual_seed(0)
    network = put(Joins(Sum()), "lgag", "fuse:joint")
    x = torch.randn(1, 3, 14, 14)
    with torch.no_grad():
        expected = network.joint(network.one(x), network.other(x))
        assert torch.equal(network(x), expected)
        assert not torch.equal(expected, network.joint(network.other(x), network.one(x)))
    assert type(network.joint).__name__ == "LGAG"


@pytest.mark.parametrize(
    ("joint", "module", "at", "words"),
    [
        (Sum(), "se", "fuse:joint", "fuse:joint: two maps become one there, and se takes one"),
        (Sum(), "iaff", "after:one", "after:one: there is one map there, and iaff takes two"),
        (Sum(), "iaff", "fuse:one", "one: its arguments are not two maps"),
        (Takes(lambda x, y: x.mean((2, 3))), "iaff", "fuse:joint", "does not answer with one map"),
        (Takes(lambda x, y: torch.cat((x, y), 1)), "iaff", "fuse:joint", "does not answer with one map"),
    ],
)
def test_a_place_that_has_not_as_many_maps_is_refused_and_the_network_left(joint, module, at, words):
    network = Joins(joint)
    names = [name for name, _ in network.named_modules()]
    with pytest.raises(ImpossibleShapeError, match=words):
        put(network, module, at)
    assert [name for name, _ in network.named_modules()] == names


def cells(**fields):
    spec = Spec(modules="aff_fusion,se", no_latency=True, counters="none", **fields)
    return {cell.case.module: cell for cell in plan(spec, "meta").cells}


def test_a_network_without_such_a_place_is_a_row_that_says_so():
    found = cells(networks="vgg16")
    assert found["aff_fusion"].refusal == "takes two maps, and VGG-16 has no place where two become one"
    assert found["se"].refusal is None


@pytest.mark.parametrize(("network", "place"), [("resnet18", "fuse_add"), ("unet", "fuse_skip")])
def test_a_networks_own_place_is_the_usual_one(network, place):
    cell = cells(networks=network)["aff_fusion"]
    assert (cell.case.place, cell.refusal) == (place, None)


def test_in_a_residual_network_the_count_is_the_networks_and_that_of_each_module():
    case = replace(cells(networks="resnet18")["aff_fusion"].case, height=64, width=64)
    plain = count(replace(case, module="none", place="", hyperparameters={})).account
    fused = count(case).account
    sizes = [(64 * 2**stage, 16 // 2**stage) for stage in range(4)]
    known = entry("aff_fusion")
    assert fused.params - plain.params == 2 * sum(known.params(c, side, side) for c, side in sizes)
    assert fused.macs - plain.macs == 2 * sum(known.macs(c, side, side) for c, side in sizes)


def test_in_a_unet_what_is_gated_is_the_skip_and_the_map_from_below_stays():
    torch.manual_seed(0)
    network = build_network("unet", (3, 16, 16)).eval()
    insert(network, "attention_gate", at="fuse:levels.*.gate", shape=(1, 3, 16, 16))
    joined, seen = [], []
    finest = network.levels[0]
    finest.decode.register_forward_pre_hook(lambda _, args: joined.append(args[0]))
    finest.gate.register_forward_hook(lambda _, args, output: seen.append((*args, output)))
    with torch.no_grad():
        network(torch.randn(1, 3, 16, 16))
    (skip, below, filtered), together = seen[0], joined[0]
    assert not torch.equal(skip, filtered)
    assert torch.equal(together, torch.cat((filtered, below), dim=1))
