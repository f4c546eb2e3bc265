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


def test_trained_weights_still_load(network):
    weights = deepcopy(network.state_dict())
    changed = pasted("se")(network, "1.1", torch.randn(1, 3, 17, 19))
    assert changed.load_state_dict(weights, strict=False).unexpected_keys == []
