"""A detector with the habits of a popular family, to insert modules in.

Its constructor finds its strides by a forward pass and reads them; its layers are a Sequential that the network
runs itself, each layer naming where its inputs come from; some take a list of maps; it reads values while it
runs; fuse() merges convolutions with their norms and takes the norms away.

A batch of 3x64x64 meets, at 0 to 6:

    0  3 -> 16 at 32x32     432 weights, 442 368 MACs     4  joins 3 and 1: 64 at 16x16
    1  16 -> 32 at 16x16  4 608 weights, 1 179 648 MACs   5  64 -> 32 at 16x16, 1x1: 2 048 weights, 524 288 MACs
    2  32 -> 32 at 8x8    9 216 weights, 589 824 MACs     6  two heads 32 -> 8, 1x1: 528 params, 81 920 MACs
    3  twice the size

with 2 params per channel in each of four norms (224). 17 056 params, 2 818 048 MACs; 16 944 when fused, as a
norm's two params per channel become one bias.
"""

import math

import torch
from torch import nn

SIDE = 64
PARAMS, FUSED_PARAMS, MACS = 17_056, 16_944, 2_818_048


class Block(nn.Module):
    """A convolution, its norm and an activation; one convolution with a bias once it is fused."""

    def __init__(self, channels_in, channels_out, side, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, side, stride, side // 2, bias=False)
        self.bn = nn.BatchNorm2d(channels_out)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))

    def forward_fused(self, x):
        return self.act(self.conv(x))


class Join(nn.Module):
    """Joins a list of maps."""

    def forward(self, maps):
        return torch.cat(maps, 1)


class Heads(nn.Module):
    """Boxes and classes from a list of maps: in eval also decoded, at anchors that depend on the strides."""

    def __init__(self, classes, widths):
        super().__init__()
        self.classes = classes
        self.stride = torch.zeros(len(widths))
        self.shape = None
        self.convs = nn.ModuleList(nn.Conv2d(width, 4 + classes, 1) for width in widths)

    def forward(self, maps):
        for number, conv in enumerate(self.convs):
            maps[number] = conv(maps[number])
        if self.training:
            return maps
        if self.shape != maps[0].shape:
            self.anchors, self.scales = self.points(maps)
            self.shape = maps[0].shape
        whole = torch.cat([each.flatten(2) for each in maps], 2)
        boxes, scores = whole.split((4, self.classes), 1)
        return torch.cat((boxes.exp() * self.scales + self.anchors.repeat(2, 1), scores.sigmoid()), 1), maps

    def points(self, maps):
        anchors, scales = [], []
        for each, stride in zip(maps, self.stride, strict=True):
            height, width = each.shape[-2:]
            rows, columns = torch.meshgrid(
                torch.arange(height, device=each.device),
                torch.arange(width, device=each.device),
                indexing="ij",
            )
            anchors.append((torch.stack((columns, rows)).flatten(1) + 0.5) * stride)
            scales.append(torch.full((1, height * width), stride.item(), device=each.device))
        return torch.cat(anchors, 1), torch.cat(scales, 1)

    def set_biases(self):
        for conv, stride in zip(self.convs, self.stride, strict=True):
            conv.bias.data[4:] = math.log(5 / self.classes / (640 / stride) ** 2)


class Detector(nn.Module):
    """The network: (N, 3, H, W) to boxes and scores (N, 8, places), and the maps that they are of."""

    def __init__(self, classes=4):
        super().__init__()
        self.model = nn.Sequential(
            layer(Block(3, 16, 3, 2)),
            layer(Block(16, 32, 3, 2)),
            layer(Block(32, 32, 3, 2)),
            layer(nn.Upsample(scale_factor=2)),
            layer(Join(), -1, 1),
            layer(Block(64, 32, 1)),
            layer(Heads(classes, (32, 32)), 5, 2),
        )
        heads = self.model[-1]
        maps = self.forward(torch.zeros(1, 3, SIDE, SIDE))
        heads.stride = torch.tensor([SIDE / each.shape[-2] for each in maps])
        self.stride = heads.stride
        heads.set_biases()
        assert self.stride.max() > 0

    def forward(self, x):
        outputs = []
        for part in self.model:
            if part.sources != (-1,):
                x = [x if source == -1 else outputs[source] for source in part.sources]
                x = x[0] if len(x) == 1 else x
            x = part(x)
            outputs.append(x)
        return x

    def fuse(self):
        """Merge each convolution with its norm, and take the norm away."""
        for part in self.modules():
            if isinstance(part, Block) and hasattr(part, "bn"):
                part.conv = merged(part.conv, part.bn)
                delattr(part, "bn")
                part.forward = part.forward_fused
        return self


def layer(part, *sources):
    """``part``, with the layers that its inputs come from: -1 is the one before."""
    part.sources = sources or (-1,)
    return part


def merged(conv, norm):
    """The convolution that does what ``conv`` and ``norm`` do."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    fused = nn.Conv2d(
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, bias=True
    ).requires_grad_(False)
    fused.weight.copy_(conv.weight * scale.view(-1, 1, 1, 1))
    fused.bias.copy_(norm.bias - norm.running_mean * scale)
    return fused
