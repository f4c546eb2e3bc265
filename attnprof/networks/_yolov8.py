"""YOLOv8, a detector in one stage: (N, channels, H, W) to raw predictions. H and W are multiples of 32.

    backbone    stem, four stages that halve the size, each ending in a block C2f; SPPF
    neck        from the coarsest map down to the finest and back up (PAN), a C2f at every step
    heads       a box and the classes for every place of the three maps, of H/8, H/16 and H/32

C2f halves its channels, passes one half through small residual blocks, one after the other, and mixes the
halves and the output of every block (after CSP, arXiv:1911.11929). SPPF pools three times in a row and mixes
all four maps. A side of a box is a distribution over 16 distances; making boxes of those (DFL), and choosing
among them, is not part of the network here.

There is no paper. Layers and widths are those of yolov8n.yaml and yolov8s.yaml of ultralytics/ultralytics.
"""

import torch
from torch import nn
from torch.nn import functional as F

WIDTHS = (64, 128, 256, 512, 1024)  # of stem and stages, at width 1
REPEATS = (1, 2, 2, 1)  # residual blocks of each stage, of the sizes n and s
BINS = 16  # of the distribution of a box's side


def unit(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution without bias, BatchNorm and SiLU: submodules conv, norm and silu."""
    parts = nn.Sequential()
    parts.add_module("conv", nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False))
    parts.add_module("norm", nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03))
    parts.add_module("silu", nn.SiLU())
    return parts


class Residual(nn.Module):
    """Two 3x3 convolutions: (N, channels, H, W) to the same shape. adds: plus the input."""

    def __init__(self, channels: int, adds: bool) -> None:
        super().__init__()
        self.conv1, self.conv2 = unit(channels, channels, 3), unit(channels, channels, 3)
        self.adds = adds

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output for x (N, channels, H, W)."""
        out: torch.Tensor = self.conv2(self.conv1(x))
        return x + out if self.adds else out


class C2f(nn.Module):
    """(N, inputs, H, W) to (N, outputs, H, W).

    repeats: residual blocks. adds: whether those add their input.
    """

    def __init__(self, inputs: int, outputs: int, repeats: int, adds: bool) -> None:
        super().__init__()
        half = outputs // 2
        self.split = unit(inputs, outputs, 1)
        self.blocks = nn.ModuleList(Residual(half, adds) for _ in range(repeats))
        self.mix = unit((2 + repeats) * half, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output for x (N, inputs, H, W)."""
        parts = list(self.split(x).chunk(2, dim=1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        out: torch.Tensor = self.mix(torch.cat(parts, dim=1))
        return out


class SPPF(nn.Module):
    """Pyramid pooling, three 5x5 maxima in a row: (N, channels, H, W) to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce, self.mix = unit(channels, channels // 2, 1), unit(2 * channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, channels, H, W) with what is around each place."""
        parts = [self.reduce(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, stride=1, padding=2))
        out: torch.Tensor = self.mix(torch.cat(parts, dim=1))
        return out


class Neck(nn.Module):
    """PAN: three maps, of ``widths`` channels, each half as large as the one before, to the same shapes."""

    def __init__(self, widths: tuple[int, int, int]) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.lateral = C2f(coarse + middle, middle, 1, adds=False)
        self.fine = C2f(middle + fine, fine, 1, adds=False)
        self.halve_fine = unit(fine, fine, 3, 2)
        self.middle = C2f(fine + middle, middle, 1, adds=False)
        self.halve_middle = unit(middle, middle, 3, 2)
        self.coarse = C2f(middle + coarse, coarse, 1, adds=False)

    def forward(
        self, fine: torch.Tensor, middle: torch.Tensor, coarse: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The three maps, each with what the others hold."""
        lateral = self.lateral(torch.cat((_doubled(coarse), middle), dim=1))
        fine = self.fine(torch.cat((_doubled(lateral), fine), dim=1))
        middle = self.middle(torch.cat((self.halve_fine(fine), lateral), dim=1))
        return fine, middle, self.coarse(torch.cat((self.halve_middle(middle), coarse), dim=1))


def _doubled(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Head(nn.Module):
    """Predictions at every place: (N, inputs, H, W) to (N, 4*BINS + classes, H, W).

    box, kind: channels inside the branches for the box and for the class.
    """

    def __init__(self, inputs: int, box: int, kind: int, classes: int) -> None:
        super().__init__()
        self.box = nn.Sequential(unit(inputs, box, 3), unit(box, box, 3), nn.Conv2d(box, 4 * BINS, 1))
        self.kind = nn.Sequential(unit(inputs, kind, 3), unit(kind, kind, 3), nn.Conv2d(kind, classes, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Box and classes for every place of x (N, inputs, H, W)."""
        return torch.cat((self.box(x), self.kind(x)), dim=1)


class YOLOv8(nn.Module):
    """Backbone, neck and heads: (N, channels, H, W) to (N, 4*BINS + classes, places of the three maps).

    width: share of WIDTHS.
    """

    def __init__(self, width: float, *, channels: int = 3, classes: int = 80) -> None:
        super().__init__()
        stem, *widths = (int(full * width) for full in WIDTHS)
        self.stem = unit(channels, stem, 3, 2)
        inputs, stages = stem, []
        for outputs, repeats in zip(widths, REPEATS, strict=True):
            parts = nn.Sequential()
            parts.add_module("halve", unit(inputs, outputs, 3, 2))
            parts.add_module("c2f", C2f(outputs, outputs, repeats, adds=True))
            stages.append(parts)
            inputs = outputs
        self.stages, self.sppf = nn.ModuleList(stages), SPPF(inputs)
        _, fine, middle, coarse = widths
        self.neck = Neck((fine, middle, coarse))
        box, kind = max(16, fine // 4, 4 * BINS), max(fine, min(classes, 100))
        self.heads = nn.ModuleList(Head(each, box, kind, classes) for each in (fine, middle, coarse))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Raw predictions (N, 4*BINS + classes, places) for images x (N, channels, H, W), the finest map's
        first."""
        maps = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        _, fine, middle, _ = maps
        outputs = self.neck(fine, middle, self.sppf(x))
        predictions = [head(each).flatten(2) for head, each in zip(self.heads, outputs, strict=True)]
        return torch.cat(predictions, dim=2)
