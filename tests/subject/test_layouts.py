"""A map (N, H, W, C) is not taken for 16 channels at 16x32: the layout is followed from what wrote the channels."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from attnprof.counting import cost
from attnprof.errors import ImpossibleShapeError
from attnprof.subject.insertion import insert, sites
from attnprof.subject.layouts import ChannelAxes, has_channels_last

SHAPE = (1, 3, 32, 48)
SE_AT_32 = 128  # parameters and MACs: 32 x 2 and 2 x 32


def conv(channels_in=32, channels_out=32, stride=1):
    return nn.Conv2d(channels_in, channels_out, 3, stride, 1)


class LinearLast(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.mix = conv(3, 32, 2), nn.Linear(32, 32)

    def forward(self, x):
        return self.mix(self.stem(x).permute(0, 2, 3, 1))


class Windows(nn.Module):
    """A residual block of windows of 4 x 4 pixels: (N, H, W, C) to the same shape."""

    def __init__(self, channels, side=4):
        super().__init__()
        self.side = side
        self.norm, self.values, self.out = (
            nn.LayerNorm(channels),
            nn.Linear(channels, channels),
            nn.Identity(),
        )
        self.mlp = nn.Sequential(
            nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels)
        )

    def forward(self, x):
        count, height, width, channels = x.shape
        rows, columns, side = height // self.side, width // self.side, self.side
        windows = self.norm(torch.roll(x, (-1, -1), (1, 2))).view(count, rows, side, columns, side, channels)
        windows = self.values(windows.permute(0, 1, 3, 2, 4, 5).reshape(-1, side * side, channels))
        windows = functional.scaled_dot_product_attention(windows, windows, windows)
        whole = windows.view(count, rows, columns, side, side, channels).permute(0, 1, 3, 2, 4, 5)
        x = self.out(x + whole.reshape(count, height, width, channels))
        return x + self.mlp(x)


class Hierarchy(nn.Module):
    """Stages of windows, halved in between by joining four pixels, as hierarchical transformers do."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Sequential(nn.Conv2d(3, 32, 2, 2), ToLast(), nn.LayerNorm(32))
        self.stage1, self.stage2 = Windows(32), Windows(64)
        self.join = nn.Linear(128, 64, bias=False)
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 5)

    def forward(self, x):
        x = self.stage1(self.patches(x))
        corners = [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        x = self.norm(self.stage2(self.join(torch.cat(corners, -1))))
        return self.head(x.mean((1, 2)))


class ToLast(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1)


class ToFirst(nn.Module):
    def forward(self, x):
        return x.movedim(-1, 1)


class FirstNorm(nn.LayerNorm):
    """A LayerNorm over the channels of (N, C, H, W): moves the axis there and back."""

    def forward(self, x):
        x = x.transpose(1, 2).transpose(2, 3)
        return super().forward(x).transpose(2, 3).transpose(1, 2)


class Modern(nn.Module):
    """A block of a convolution, and two linear layers on maps (N, H, W, C); a residual of (N, C, H, W)."""

    def __init__(self):
        super().__init__()
        self.stem, self.stem_norm = conv(3, 32, 2), FirstNorm(32)
        self.block = nn.Sequential(
            nn.Conv2d(32, 32, 7, padding=3, groups=32), ToLast(), nn.LayerNorm(32),
            nn.Linear(32, 128), nn.GELU(), nn.Linear(128, 32), ToFirst(),
        )  # fmt: skip
        self.add = nn.Identity()

    def forward(self, x):
        x = self.stem_norm(self.stem(x))
        return self.add(x + self.block(x))


class Tokens(nn.Module):
    """Tokens (N, L, C) in between, as transformers with maps at both ends have."""

    def __init__(self):
        super().__init__()
        self.stem, self.mix = conv(3, 32, 2), nn.Linear(32, 32)
        self.first, self.last = nn.Identity(), nn.Identity()

    def forward(self, x):
        x = self.stem(x)
        height, width = x.shape[2:]
        tokens = self.mix(x.flatten(2).transpose(1, 2))
        last = self.last(tokens.view(-1, height, width, 32))
        return self.first(tokens.transpose(1, 2).reshape(-1, 32, height, width)) + last.permute(0, 3, 1, 2)


# At 32x48 a map of stride 2 is 16x24.
PLACES = [
    (LinearLast, "mix", (32, 16, 24), True),
    (LinearLast, "before:mix", (32, 16, 24), True),
    (LinearLast, "stem", (32, 16, 24), False),
    (Hierarchy, "patches.0", (32, 16, 24), False),
    (Hierarchy, "patches.1", (32, 16, 24), True),
    (Hierarchy, "patches", (32, 16, 24), True),
    (Hierarchy, "stage1", (32, 16, 24), True),
    (Hierarchy, "before:stage1", (32, 16, 24), True),
    (Hierarchy, "stage1.norm", (32, 16, 24), True),
    (Hierarchy, "stage1.out", (32, 16, 24), True),
    (Hierarchy, "stage1.mlp.1", (64, 16, 24), True),
    (Hierarchy, "join", (64, 8, 12), True),
    (Hierarchy, "stage2.out", (64, 8, 12), True),
    (Hierarchy, "norm", (64, 8, 12), True),
    (Modern, "stem_norm", (32, 16, 24), False),
    (Modern, "block.0", (32, 16, 24), False),
    (Modern, "block.3", (128, 16, 24), True),
    (Modern, "block.5", (32, 16, 24), True),
    (Modern, "block", (32, 16, 24), False),
    (Modern, "add", (32, 16, 24), False),
    (Tokens, "last", (32, 16, 24), True),
    (Tokens, "first", (32, 16, 24), False),
]


@pytest.mark.parametrize(("network", "at", "sizes", "is_last"), PLACES)
def test_the_channels_are_on_the_axis_that_was_written(network, at, sizes, is_last):
    [site] = sites(network().eval(), "se", at, SHAPE)
    assert (site.channels, site.height, site.width) == sizes
    assert site.channels_last == is_last


@pytest.mark.parametrize(("network", "at", "sizes", "is_last"), PLACES)
def test_the_module_is_counted_with_these_channels(network, at, sizes, is_last):
    built = network().eval()
    before = cost(built, SHAPE)
    insert(built, "se", at=at, shape=SHAPE)
    after = cost(built, SHAPE)
    macs = 2 * sizes[0] * (sizes[0] // 16)
    assert (after.macs - before.macs, after.params - before.params) == (macs, macs)


@pytest.mark.parametrize("module", ["se", "cbam", "ca", "nonlocal"])
def test_a_map_with_its_channels_last_is_gated_as_one_with_its_channels_first(module):
    torch.manual_seed(0)
    network = LinearLast().eval()
    image = torch.randn(SHAPE)
    plain = network(image)
    insert(network, module, at="mix", shape=SHAPE)
    gate = network.mix.attention.module
    torch.testing.assert_close(network(image), gate(plain.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))
    assert network(image).is_contiguous()  # what follows may look at it in another shape


def test_a_linear_layer_is_replaced_in_its_layout():
    network = LinearLast().eval()
    before = cost(network, SHAPE)
    insert(network, "se", at="replace:mix", shape=SHAPE)
    after = cost(network, SHAPE)
    assert after.params - before.params == SE_AT_32 - (32 * 32 + 32)
    assert after.macs - before.macs == SE_AT_32 - 16 * 24 * 32 * 32


def test_what_turns_the_layout_is_not_replaced():
    with pytest.raises(ImpossibleShapeError, match=r"block\.1: it takes and gives maps in different layouts"):
        insert(Modern().eval(), "se", at="replace:block.1", shape=SHAPE)


class OnBothLayouts(nn.Module):
    """Runs one ReLU on both layouts."""

    def __init__(self):
        super().__init__()
        self.stem, self.act = nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU()

    def forward(self, x):
        return self.act(self.act(self.stem(x)).permute(0, 2, 3, 1))


def test_a_submodule_that_meets_both_layouts_is_no_place():
    with pytest.raises(ImpossibleShapeError, match="in another layout"):
        sites(OnBothLayouts().eval(), "se", "act", SHAPE)


def test_a_norm_over_channels_and_pixels_keeps_the_layout():
    with ChannelAxes():
        x = functional.conv2d(torch.randn(1, 3, 8, 8), torch.randn(6, 3, 1, 1))
        assert not has_channels_last(functional.layer_norm(x, (6, 8, 8)))
        assert has_channels_last(functional.layer_norm(x.permute(0, 2, 3, 1), [6]))


def test_a_linear_layer_along_the_width_keeps_the_layout():
    with ChannelAxes():
        x = functional.conv2d(torch.randn(1, 3, 8, 8), torch.randn(6, 3, 1, 1))
        assert not has_channels_last(functional.linear(x, torch.randn(8, 8)))
        assert has_channels_last(functional.linear(torch.randn(1, 8, 8, 3), torch.randn(6, 3)))
