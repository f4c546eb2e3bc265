"""A network that cannot take its input says what it would take."""

import pytest
import torch

from attnprof.errors import ImpossibleShapeError, UsageError
from attnprof.records.case import Case
from attnprof.subject.build import build
from attnprof.subject.counts import count
from attnprof.subject.refusals import sentence_on

META = torch.device("meta")
NETS = '''
import torch
from torch import nn
from torch.nn import functional as F


def conv(channels_in, channels_out, stride=1):
    return nn.Conv2d(channels_in, channels_out, 3, stride, 1)


class UNet(nn.Module):
    """Four times half the size and back, each map joined with the one of its size."""

    def __init__(self, channels=3, depth=4):
        super().__init__()
        self.stem = conv(channels, 8)
        self.down = nn.ModuleList(conv(8, 8) for _ in range(depth))
        self.up = nn.ModuleList(conv(16, 8) for _ in range(depth))

    def forward(self, x):
        maps = [self.stem(x)]
        for part in self.down:
            maps.append(part(F.max_pool2d(maps[-1], 2)))
        x = maps.pop()
        for part in self.up:
            x = part(torch.cat([F.interpolate(x, scale_factor=2), maps.pop()], 1))
        return x


class Grey(UNet):
    def __init__(self):
        super().__init__(1)


class OfOneSize(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 16, 16)
        self.positions = nn.Parameter(torch.zeros(1, 8, 14, 14))

    def forward(self, x):
        return self.patches(x) + self.positions


class Volumes(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(1, 8, 3)

    def forward(self, x):
        return self.conv(x)


class Signals(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 8, 3)

    def forward(self, x):
        return self.conv(x)


class Guided(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv(3, 8)

    def forward(self, image, mask, scale, bias=0.0):
        return self.stem(image) * mask * scale + bias


class OnCuda(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv(3, 8)

    def forward(self, x):
        return self.stem(x) + torch.ones(8, 1, 1).cuda()


class BuiltOnCuda(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv(3, 8).cuda()

    def forward(self, x):
        return self.stem(x)


class NeedsPackage(nn.Module):
    def __init__(self):
        super().__init__()
        import some_package_of_yours.ops
        self.stem = conv(3, 8)

    def forward(self, x):
        return self.stem(x)


class ImportsLate(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv(3, 8)

    def forward(self, x):
        from some_package_of_yours import rearrange
        return rearrange(self.stem(x))


class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv(3, 8)

    def forward(self, x):
        return self.stem(x) / self.missing
'''


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    path = tmp_path_factory.mktemp("admission") / "nets_to_admit.py"
    path.write_text(NETS)
    return f"{path}:"


def refusal(network, channels, height, width, device=META):
    case = Case("none", channels, height, width, host=network)
    with pytest.raises((ImpossibleShapeError, UsageError)) as caught:
        build(case, device)
    return str(caught.value)


@pytest.mark.parametrize(
    ("network", "size", "says"),
    [
        ("UNet", (3, 98, 98), "UNet at 3x98x98: its input needs sides that are a multiple of 16: --input 3x96x96 or 3x112x112"),
        ("UNet", (3, 64, 98), "a multiple of 16: --input 3x64x96 or 3x64x112"),
        ("UNet", (1, 64, 64), "it takes 3 channels: --input 3x64x64"),
        ("Grey", (3, 64, 64), "it takes 1 channel: --input 1x64x64"),
        ("Grey", (3, 98, 98), "a multiple of 16: --input 1x96x96 or 1x112x112"),
        ("OfOneSize", (3, 98, 98), "it takes --input 3x224x224"),
        ("Volumes", (3, 64, 64), "it takes volumes (N, C, D, H, W), and modules here gate maps (N, C, H, W); count it without: attnprof count -m NETWORK --input 1x1x16x64x64"),
        ("Signals", (3, 64, 64), "it takes rows (N, C, L)"),
        ("Guided", (3, 64, 64), "its forward needs mask, scale too: name a class of yours whose forward(x) calls it with them"),
        ("Broken", (3, 64, 64), "Broken at 3x64x64: AttributeError: 'Broken' object has no attribute 'missing'"),
    ],
)  # fmt: skip
def test_it_says_what_it_would_take(nets, network, size, says):
    assert says in refusal(nets + network, *size)


@pytest.mark.parametrize("size", [(3, 96, 96), (3, 112, 112), (3, 64, 96)])
def test_what_it_says_is_so(nets, size):
    channels, height, width = size
    built = build(Case("none", channels, height, width, host=f"{nets}UNet"), META)
    assert built(torch.empty(1, *size, device="meta")).shape == (1, 8, height, width)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the calls work here")
@pytest.mark.parametrize("network", ["OnCuda", "BuiltOnCuda"])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_network_that_moves_to_a_gpu_says_so(nets, network, device):
    assert "calls .cuda() or names that device" in str(problem_of(nets + network, torch.device(device)))


@pytest.mark.parametrize("network", ["NeedsPackage", "ImportsLate"])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_missing_package_is_named(nets, network, device):
    words = str(problem_of(nets + network, torch.device(device)))
    assert "No module named 'some_package_of_yours'; it is neither installed, nor beside the file" in words
    assert "pip install" not in words  # of that name there may be a stranger's package


def test_of_a_well_known_package_it_is_said_what_installs_it():
    problem = ModuleNotFoundError("No module named 'cv2.ximgproc'", name="cv2.ximgproc")
    assert sentence_on(problem, "nets.py:Net") == "needs cv2: pip install opencv-python"


def problem_of(network, device):
    """What is raised in the end: counting goes on on the CPU where meta does not do."""
    case = Case("none", 3, 64, 64, host=network)
    with pytest.raises((ImpossibleShapeError, UsageError)) as caught:
        count(case) if device == META else build(case, device)
    return caught.value
