"""A module that gives a gate and does not apply it is refused in a network, until it is told to."""

import pytest
import torch
from torch import nn

from attnprof.catalogue import create
from attnprof.counting import cost
from attnprof.errors import ImpossibleShapeError, UsageError
from attnprof.subject.insertion import insert

SHAPE = (2, 3, 32, 48)
GATES = '''
from torch import nn

class OfChannels(nn.Module):
    """(N, C, H, W) to (N, C, 1, 1)."""
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // ratio, 1, bias=False)
        self.excite = nn.Conv2d(channels // ratio, channels, 1, bias=False)
    def forward(self, x):
        return self.excite(self.squeeze(x.mean((2, 3), keepdim=True)).relu()).sigmoid()

class OfPixels(nn.Module):
    """(N, C, H, W) to (N, 1, H, W)."""
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 7, padding=3, bias=False)
    def forward(self, x):
        return self.conv(x).sigmoid()

class WithWord(nn.Module):
    """Has an argument of the switch's name."""
    def __init__(self, channels, gate="tanh"):
        super().__init__()
        self.scale = nn.Conv2d(channels, channels, 1)
        self.act = getattr(__import__("torch"), gate)
    def forward(self, x):
        return x * self.act(self.scale(x))

class Halved(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels // 2, 1)
    def forward(self, x):
        return self.conv(x)

class Pair(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)
    def forward(self, x):
        return self.conv(x), x.mean((2, 3))

def network():
    return nn.Sequential(nn.Conv2d(3, 64, 3, 2, 1), nn.ReLU(), nn.Conv2d(64, 8, 1))
'''


@pytest.fixture(scope="module")
def gates(tmp_path_factory):
    path = tmp_path_factory.mktemp("gates") / "gates_of_mine.py"
    path.write_text(GATES)
    return f"{path}:"


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 64, 3, 2, 1), nn.ReLU(), nn.Conv2d(64, 8, 1)).eval()


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("OfChannels", r"after 0, 64@16x24: .*OfChannels gives 2x64x1x1 for a map of 2x64x16x24: a gate"),
        ("OfPixels", r"gives 2x1x16x24 for a map of 2x64x16x24: a gate, .*gate=true"),
        ("Halved", r"gives 2x32x16x24 for a map of 2x64x16x24; what is inserted keeps the shape"),
    ],
)
@pytest.mark.parametrize("at", ["after:0", "before:2"])
def test_another_shape_is_refused_and_changes_nothing(net, gates, at, module, says):
    names = set(net.state_dict())
    with pytest.raises(ImpossibleShapeError, match=says.replace("after 0", at.replace(":", " "))):
        insert(net, f"{gates}{module}", at=at, shape=SHAPE)
    assert set(net.state_dict()) == names
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in net.modules())


def test_in_place_of_a_submodule_the_network_is_as_it_was(net, gates):
    parts = list(net)
    with pytest.raises(ImpossibleShapeError, match="a gate"):
        insert(net, f"{gates}OfPixels", at="replace:1", shape=SHAPE)
    assert list(net) == parts


# OfChannels: 64 x 4 and 4 x 64, once an image. OfPixels: 64 x 49 weights at each of 16 x 24 pixels.
@pytest.mark.parametrize(
    ("module", "params", "macs"), [("OfChannels", 512, 512), ("OfPixels", 3136, 3136 * 384)]
)
def test_told_to_the_gate_is_applied(net, gates, module, params, macs):
    image = torch.randn(SHAPE)
    before, plain = cost(net, (1, 3, 32, 48)), net[0](image)
    insert(net, f"{gates}{module}", at="after:0", shape=SHAPE, gate=True)
    after = cost(net, (1, 3, 32, 48))
    assert (after.params - before.params, after.macs - before.macs) == (params, macs)
    gate = net[0].attention.module
    torch.testing.assert_close(net(image), net[2]((plain * gate(plain)).relu()))


def test_of_several_values_the_first_map_goes_on(net, gates):
    image = torch.randn(SHAPE)
    plain = net[0](image)
    insert(net, f"{gates}Pair", at="after:0", shape=SHAPE)
    first, _ = net[0].attention.module(plain)
    torch.testing.assert_close(net(image), net[2](first.relu()))


def test_a_gate_stands_alone_too(gates):
    x = torch.randn(2, 64, 8, 8)
    module = create(f"{gates}OfChannels", 64, gate=True, ratio=8)
    torch.testing.assert_close(module(x), x * module.module(x))
    assert sum(p.numel() for p in module.parameters()) == 2 * 64 * 8


def test_an_argument_of_that_name_is_the_modules_own(gates):
    module = create(f"{gates}WithWord", 8, gate="sigmoid")
    assert module.act is torch.sigmoid


def test_a_switch_is_on_or_off(gates):
    with pytest.raises(UsageError, match="gate is true or false, not 3"):
        create(f"{gates}OfChannels", 64, gate=3)
    assert type(create(f"{gates}OfChannels", 64, gate=False)).__name__ == "OfChannels"


def test_the_catalogue_has_no_such_switch():
    with pytest.raises(UsageError, match="se has no hyperparameter 'gate'"):
        create("se", 64, gate=True)
