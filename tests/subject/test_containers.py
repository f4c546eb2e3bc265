"""What is inserted runs exactly once for each call of its place, whatever the container does with its
children, and wherever the map is in what it takes and gives.

Most networks here carry 32 channels at the place. There se (reduction 16) is two linear layers, of 32 x 2 and
2 x 32: 128 parameters and 128 MACs.
"""

import pickle
from collections import OrderedDict, namedtuple
from copy import deepcopy

import pytest
import torch
from torch import nn

from attnprof.counting import cost
from attnprof.errors import ImpossibleShapeError, UsageError
from attnprof.subject.insertion import insert

SHAPE = (1, 3, 32, 32)
SE_AT_32 = 128


def conv(channels_in=32, channels_out=32, stride=1):
    return nn.Conv2d(channels_in, channels_out, 3, stride, 1)


class Around(nn.Module):
    """A network of a stem to 32 channels, the block in question, and a head."""

    def __init__(self, block, channels_out=32):
        super().__init__()
        self.stem, self.block = conv(3, 32, 2), block
        self.head = nn.Conv2d(channels_out, 8, 1)

    def forward(self, x):
        return self.head(self.block(self.stem(x)))


class OwnLoop(nn.Sequential):
    def forward(self, x):
        for part in self:
            x = part(x)
        return x


class ThenRelu(nn.Sequential):
    def forward(self, x):
        return super().forward(x).relu()


class Children(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = conv(), conv()

    def forward(self, x):
        for part in self.children():
            x = part(x)
        return x


class NamedLoop(nn.ModuleDict):
    def forward(self, x):
        for _, part in self.items():
            x = part(x)
        return x


class ByPosition(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([conv(), conv()])

    def forward(self, x):
        for number in range(len(self.parts)):
            x = self.parts[number](x)
        return x


class Backwards(nn.Sequential):
    def __iter__(self):
        return reversed(list(super().__iter__()))


CHAINS = {
    "a Sequential with a loop of its own": lambda: OwnLoop(conv(), conv()),
    "a Sequential that does something after": lambda: ThenRelu(conv(), conv()),
    "children()": Children,
    "a ModuleDict": lambda: NamedLoop({"first": conv(), "second": conv()}),
    "a ModuleList by position": ByPosition,
    "a Sequential that runs backwards": lambda: Backwards(conv(), conv()),
    "a Sequential in a loop": lambda: OwnLoop(nn.Sequential(conv(), conv()), OwnLoop(conv())),
}


def calls_of(network, image):
    """How often each inserted module runs in one call, really computed."""
    calls = {}
    inserted = [(name, part) for name, part in network.named_modules() if name.endswith("attention")]
    for name, part in inserted:
        part.register_forward_hook(lambda *_, name=name: calls.update({name: calls.get(name, 0) + 1}))
    with torch.no_grad():
        network(image)
    return list(calls.values())


def growth(network, at, module="se", shape=SHAPE):
    """The MACs and parameters that an insertion adds."""
    network.eval()
    before = cost(network, shape)
    insert(network, module, at=at, shape=shape)
    after = cost(network, shape)
    return after.macs - before.macs, after.params - before.params


@pytest.mark.parametrize("relation", ["after", "before"])
@pytest.mark.parametrize("chain", CHAINS)
def test_a_container_that_runs_its_children_by_itself_runs_the_module_once(chain, relation):
    network = Around(CHAINS[chain]())
    names = set(network.state_dict())
    assert growth(network, f"{relation}:block") == (SE_AT_32, SE_AT_32)
    assert names < set(network.state_dict())
    assert calls_of(network, torch.randn(SHAPE)) == [1]


@pytest.mark.parametrize("chain", CHAINS)
def test_the_answer_is_that_of_the_module_behind_the_container(chain):
    network = Around(CHAINS[chain]()).eval()
    image = torch.randn(SHAPE)
    plain = network.block(network.stem(image))
    insert(network, "se", at="block", shape=SHAPE)
    [gate] = [part for name, part in network.named_modules() if name.endswith("attention")]
    torch.testing.assert_close(network(image), network.head(gate(plain)))


@pytest.mark.parametrize("chain", CHAINS)
def test_what_is_inserted_is_copied_pickled_and_trained_with_the_network(chain):
    network = Around(CHAINS[chain]()).eval()
    insert(network, "eca", at="block", shape=SHAPE)
    image = torch.randn(SHAPE)
    for twin in (deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert torch.equal(twin(image), network(image))
        [weight] = [p for name, p in twin.named_parameters() if "attention." in name]
        with torch.no_grad():
            weight.add_(1)
        assert not torch.equal(twin(image), network(image))
    network(image).sum().backward()
    assert all(p.grad is not None for p in network.parameters())


@pytest.mark.parametrize("kind", [nn.Sequential, OwnLoop])
def test_before_a_sequential_its_input_is_gated(kind):
    network = Around(kind(conv(), nn.Sequential(conv(), conv()))).eval()
    image = torch.randn(SHAPE)
    stem = network.stem(image)
    for at, gate in (("before:block", "block_attention"), ("before:block.1", "block_1_attention")):
        twin = deepcopy(network)
        assert growth(twin, at) == (SE_AT_32, SE_AT_32)
        assert calls_of(twin, image) == [1]
        gate = getattr(twin, gate)
        plain = network.block[0](stem)
        gated = network.block(gate(stem)) if at == "before:block" else network.block[1](gate(plain))
        torch.testing.assert_close(twin(image), network.head(gated))


def test_before_a_sequential_in_nothing_but_sequentials_another_place_is_named():
    network = nn.Sequential(conv(3, 32), nn.Sequential(conv(), conv())).eval()
    with pytest.raises(UsageError, match="before:1: .* name a submodule inside it that has no children"):
        insert(network, "se", at="before:1", shape=SHAPE)
    assert growth(network, "before:1.0") == (SE_AT_32, SE_AT_32)


class Branches(nn.Module):
    """Joins what all its children make of one map."""

    def __init__(self, *parts):
        super().__init__()
        for number, part in enumerate(parts):
            self.add_module(f"branch{number}", part)

    def forward(self, x):
        return torch.cat([part(x) for part in self._modules.values()], 1)


class Growing(nn.ModuleDict):
    """Gives all maps so far to each child, as dense blocks do, and joins them."""

    def forward(self, x):
        maps = [x]
        for _, part in self.items():
            maps.append(part(maps))
        return torch.cat(maps, 1)


class OfMaps(nn.Module):
    """One layer of a dense block: takes a list of maps, gives one of 16 channels."""

    def __init__(self, channels):
        super().__init__()
        self.conv = conv(channels, 16)

    def forward(self, maps):
        return self.conv(torch.cat(maps, 1))


def se_macs(channels):
    return 2 * channels * (channels // 16)


@pytest.mark.parametrize("relation", ["after", "before"])
def test_a_concurrent_container_gets_no_further_branch(relation):
    network = Around(Branches(conv(), conv(32, 16)), 48)
    macs = se_macs(48 if relation == "after" else 32)
    assert growth(network, f"{relation}:block") == (macs, macs)
    assert calls_of(network, torch.randn(SHAPE)) == [1]


def test_a_dense_block_gets_no_further_layer():
    network = Around(Growing({"first": OfMaps(32), "second": OfMaps(48)}), 64)
    assert growth(network, "block") == (se_macs(64), se_macs(64))
    assert growth(network, "block.*") == (2 * se_macs(16), 2 * se_macs(16))
    assert calls_of(network, torch.randn(SHAPE)) == [1, 1, 1]


class Pooling(nn.Sequential):
    """The branch of a pyramid that sees the whole map: its own loop, and an interpolation behind."""

    def forward(self, x):
        size = x.shape[-2:]
        for part in self:
            x = part(x)
        return nn.functional.interpolate(x, size=size, mode="bilinear")


class Pyramid(nn.Module):
    def __init__(self):
        super().__init__()
        pooling = Pooling(nn.AdaptiveAvgPool2d(1), nn.Conv2d(32, 32, 1), nn.ReLU())
        self.branches = nn.ModuleList([nn.Sequential(conv(), nn.ReLU()), pooling])
        self.join = nn.Conv2d(64, 32, 1)

    def forward(self, x):
        return self.join(torch.cat([branch(x) for branch in self.branches], 1))


def test_every_branch_of_a_pyramid_takes_a_module():
    network = Around(Pyramid())
    assert growth(network, "block.branches.*") == (2 * SE_AT_32, 2 * SE_AT_32)
    assert calls_of(network, torch.randn(SHAPE)) == [1, 1]


def test_a_network_that_is_one_loop_takes_none_behind_a_loop_in_it():
    network = OwnLoop(conv(3, 32), OwnLoop(conv(), conv())).eval()
    names = set(network.state_dict())
    with pytest.raises(UsageError, match="it runs its children one by one, as all around it does"):
        insert(network, "se", at="after:1", shape=SHAPE)
    assert set(network.state_dict()) == names
    assert growth(network, "1.*") == (2 * SE_AT_32, 2 * SE_AT_32)


class Twice(nn.Module):
    """Runs a Sequential as a whole, and then its last child once more."""

    def __init__(self):
        super().__init__()
        self.stem, self.parts = conv(3, 32), nn.Sequential(conv(), conv())

    def forward(self, x):
        return self.parts[-1](self.parts(self.stem(x)))


def test_a_module_that_would_run_more_often_than_its_place_is_refused():
    network = Twice().eval()
    names = set(network.state_dict())
    with pytest.raises(UsageError, match=r"would run 2 times where parts is called 1 times"):
        insert(network, "se", at="parts", shape=SHAPE)
    assert set(network.state_dict()) == names
    assert not network.parts._forward_hooks


class Searching(nn.Module):
    """Asks for its parameters and parts while it runs, and calls none of them by the list."""

    def __init__(self):
        super().__init__()
        self.conv = conv()

    def forward(self, x):
        dtype = next(self.parameters()).dtype
        assert not any(isinstance(part, nn.Dropout) for part in self.modules())
        return self.conv(x.to(dtype))


def test_a_search_for_parameters_is_no_loop():
    network = Around(Searching()).eval()
    insert(network, "se", at="block", shape=SHAPE)
    assert hasattr(network.block, "attention")


Answer = namedtuple("Answer", "score map")
ANSWERS = {
    "a list": lambda y, x: [y, x],
    "a tuple": lambda y, x: (y, x),
    "a dict": lambda y, x: {"out": y, "aux": x},
    "an ordered dict": lambda y, x: OrderedDict(score=x.mean((2, 3)), out=y),
    "a tuple that begins with scores": lambda y, x: (x.mean((2, 3)), y),
    "a named tuple": lambda y, x: Answer(x.mean((2, 3)), y),
    "a tuple in a list": lambda y, x: [None, (3, y)],
}


class Answering(nn.Module):
    def __init__(self, form):
        super().__init__()
        self.conv, self.form = conv(), form

    def forward(self, x):
        return ANSWERS[self.form](self.conv(x), x)


class Whole(nn.Module):
    """A network whose answer is that of its block."""

    def __init__(self, block):
        super().__init__()
        self.stem, self.block = conv(3, 32, 2), block

    def forward(self, x):
        return self.block(self.stem(x))


def leaves(answer):
    """The tensors of an answer, in order."""
    if isinstance(answer, torch.Tensor):
        return [answer]
    parts = (
        answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list | tuple) else ()
    )
    return [leaf for part in parts for leaf in leaves(part)]


@pytest.mark.parametrize("form", ANSWERS)
def test_the_first_map_in_an_answer_is_gated_and_the_rest_stays(form):
    network = Whole(Answering(form)).eval()
    image = torch.randn(SHAPE)
    plain = network(image)
    assert growth(network, "block") == (SE_AT_32, SE_AT_32)
    gated = network(image)
    assert type(gated) is type(plain)
    changed = 0
    for before, after in zip(leaves(plain), leaves(gated), strict=True):
        if not torch.equal(before, after):
            changed += 1
            torch.testing.assert_close(after, network.block.attention(before))
    assert changed == 1


@pytest.mark.parametrize("form", ANSWERS)
def test_what_answers_with_several_values_is_not_replaced(form):
    network = Whole(Answering(form)).eval()
    with pytest.raises(ImpossibleShapeError, match="block: it answers with several values"):
        insert(network, "sk", at="replace:block", shape=SHAPE)


class TokensFirst(nn.Module):
    """Goes on with tokens (N, L, C), and answers with the map that they were, too."""

    def __init__(self):
        super().__init__()
        self.conv = conv()

    def forward(self, x):
        y = self.conv(x)
        return y.flatten(2).transpose(1, 2), y


@pytest.mark.parametrize("relation", ["after", "replace"])
def test_a_map_behind_tokens_is_no_place(relation):
    with pytest.raises(ImpossibleShapeError, match="block: what is there is no map"):
        insert(Whole(TokensFirst()).eval(), "se", at=f"{relation}:block", shape=SHAPE)


class WithKeywords(nn.Module):
    """Calls its block by keywords, with an argument of another kind."""

    def __init__(self):
        super().__init__()
        self.stem, self.block = conv(3, 32, 2), Scaled()

    def forward(self, x):
        return self.block(scale=2.0, features=self.stem(x))


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = conv()

    def forward(self, features, scale=1.0):
        return self.conv(features) * scale


def test_places_of_calls_by_keyword():
    for relation in ("after", "before"):
        assert growth(WithKeywords(), f"{relation}:block") == (SE_AT_32, SE_AT_32)
    # At 16x16, the convolution of 32 x 32 x 9 and its 32 biases give way to two linear layers.
    macs, params = growth(WithKeywords(), "replace:block")
    assert (macs, params) == (SE_AT_32 - 256 * 9216, SE_AT_32 - 9248)
    network = WithKeywords().eval()
    insert(network, "se", at="replace:block", shape=SHAPE)
    assert torch.isfinite(pickle.loads(pickle.dumps(network))(torch.randn(SHAPE))).all()


def test_a_module_before_a_call_by_keyword_gates_that_argument():
    network = WithKeywords().eval()
    image = torch.randn(SHAPE)
    insert(network, "se", at="before:block", shape=SHAPE)
    gated = network.block.attention(network.stem(image))
    torch.testing.assert_close(network(image), network.block.conv(gated) * 2)


def test_a_list_of_maps_is_no_place_before_or_instead():
    network = Around(Growing({"first": OfMaps(32)}), 48).eval()
    for relation in ("before", "replace"):
        with pytest.raises(ImpossibleShapeError, match=r"block\.first: what is there is no map"):
            insert(network, "se", at=f"{relation}:block.first", shape=SHAPE)


class Bypassed(nn.Module):
    """Uses a submodule without calling it: its forward, or its weight."""

    def __init__(self):
        super().__init__()
        self.stem, self.by_forward, self.by_weight = conv(3, 32, 2), conv(), conv()

    def forward(self, x):
        x = self.by_forward.forward(self.stem(x))
        return nn.functional.conv2d(x, self.by_weight.weight, padding=1)


@pytest.mark.parametrize("name", ["by_forward", "by_weight"])
@pytest.mark.parametrize("relation", ["after", "before", "replace"])
def test_a_place_that_is_used_without_a_call_says_that_it_is_never_called(name, relation):
    with pytest.raises(UsageError, match=f"{name}: the network does not call it"):
        insert(Bypassed().eval(), "se", at=f"{relation}:{name}", shape=SHAPE)


@pytest.mark.parametrize("chain", ["children()", "a ModuleDict"])
def test_a_module_in_a_loop_can_be_exported_and_compiled(chain):
    network = Around(CHAINS[chain]()).eval()
    insert(network, "eca", at="block", shape=SHAPE)
    image = torch.randn(SHAPE)
    exported = torch.export.export(network, (image,), strict=False).module()
    torch.testing.assert_close(exported(image), network(image))
    captured = torch.compile(network, backend="eager", fullgraph=True)
    torch.testing.assert_close(captured(image), network(image))
    torch._dynamo.reset()
