"""The snippet for a network of one's own does what attnprof.insert does, without attnprof."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from attnprof.cli.show import SNIPPETS
from attnprof.subject.insertion import insert
from tests.snippets.test_every_snippet import namespace_of, wanted


@pytest.fixture
def network():
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU())
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, stride=2), body, nn.Conv2d(32, 64, 3, stride=2), nn.Flatten()
    ).eval()


def pasted(name):
    return namespace_of(SNIPPETS.get("network").write(wanted(name)))["insert"]


@pytest.mark.parametrize(("name", "at"), [("se", "1.1"), ("se", "1"), ("ca", "[02]"), ("sk", "1.0")])
def test_it_puts_the_same_module_at_the_same_places(name, at, network, capsys):
    image = torch.randn(2, 3, 17, 19)
    twin = deepcopy(network)
    torch.manual_seed(1)
    theirs = pasted(name)(network, at, image).eval()
    how = "replace:" if name == "sk" else "after:"
    ours = insert(twin, name, at=how + at, shape=tuple(image.shape)).eval()
    assert [(key, value.shape) for key, value in theirs.state_dict().items()] == [
        (key, value.shape) for key, value in ours.state_dict().items()
    ]
    ours.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(ours(image), theirs(image))
    assert capsys.readouterr().out.startswith("torch.Size")  # the file tried itself


class OwnLoop(nn.Sequential):
    def forward(self, x):
        for part in self:
            x = part(x)
        return x


class ThenRelu(nn.Sequential):
    def forward(self, x):
        return super().forward(x).relu()


class Children(nn.Module):
    def __init__(self, *parts):
        super().__init__()
        for number, part in enumerate(parts):
            self.add_module(f"part{number}", part)

    def forward(self, x):
        for part in self.children():
            x = part(x)
        return x


class Named(nn.ModuleDict):
    def __init__(self, *parts):
        super().__init__({f"part{number}": part for number, part in enumerate(parts)})

    def forward(self, x):
        for _, part in self.items():
            x = part(x)
        return x


class Backwards(nn.Sequential):
    def __iter__(self):
        return reversed(list(super().__iter__()))


class Bare(nn.Sequential):
    """Of another name, and the same in all else."""


def calls_of(network, image):
    """How often the modules that were put in run in one call."""
    calls = []
    for name, part in network.named_modules():
        if name.endswith("attention"):
            part.register_forward_hook(lambda *_: calls.append(1))
    network(image)
    return len(calls)


def around(block):
    return nn.Sequential(nn.Conv2d(3, 32, 3), block, nn.Conv2d(32, 8, 1)).eval()


def conv():
    return nn.Conv2d(32, 32, 3, padding=1)


@pytest.mark.parametrize("chain", [OwnLoop, ThenRelu, Children, Named, Backwards])
def test_a_container_that_would_run_it_twice_is_refused_in_words(chain):
    network, image = around(chain(conv(), conv())), torch.randn(1, 3, 16, 16)
    with pytest.raises(ValueError, match="1 goes through its children itself: name a submodule of it"):
        pasted("se")(network, "1", image)
    network = around(chain(conv(), conv()))
    assert calls_of(pasted("se")(network, "1.*", image), image) == 2


def test_a_sequential_of_another_class_takes_one_at_its_end():
    network, image = around(Bare(conv(), conv())), torch.randn(1, 3, 16, 16)
    assert calls_of(pasted("se")(network, "1", image), image) == 1
    assert [name for name, _ in network[1].named_children()] == ["0", "1", "attention"]


@pytest.mark.parametrize("block", [nn.Flatten(), nn.LSTM(14, 14)])
def test_what_gives_no_map_is_refused_in_words(block):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(0, 1), block).eval()
    with pytest.raises(ValueError, match=r"2: it is not called, or gives no map \(N, C, H, W\)"):
        pasted("se")(network, "2", torch.randn(1, 3, 16, 16))


def test_trained_weights_still_load(network):
    weights = deepcopy(network.state_dict())
    changed = pasted("se")(network, "1.1", torch.randn(1, 3, 17, 19))
    assert changed.load_state_dict(weights, strict=False).unexpected_keys == []
