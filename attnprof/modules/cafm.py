"""Adds attention between channels and a local branch that mixes reshuffled queries, keys and values.

    [q, k, v] = depthwise conv3x3(conv1x1(x))   C channels each, in h heads of d = C/h channels
    a = conv1x1(softmax over the channels of k of t * q k^T, times v)       q, k: each channel over its norm;
                                                d x d weights; t: a scalar for each head, 1 at first
    local branch: qkv (3C, H, W), its numbers in memory taken as (H*W, 3h, d)
        f = linear from 3h to 9, with bias      for each position and each of d, so a map of 9d channels
        l = grouped conv3x3(f)                  d groups, 9 to h channels each; with bias
    y = a + l                                   no bias unless said

All convolutions are those of three dimensions on a map of depth 1: of a 3x3x3 kernel the middle 3x3 meets the map, the other
two thirds meet zeros. They are parameters, and counted.

Hybrid Convolutional and Attention Network for Hyperspectral Image Denoising. Shuai Hu et al.,
IEEE Geoscience and Remote Sensing Letters 2024, arXiv:2403.10067.
Official code: summitgao/HCANet.
"""

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "ConvolutionAttentionFusion",
    "name": "Convolution and attention fusion module (CAFM)",
    "paper": {
        "title": "Hybrid Convolutional and Attention Network for Hyperspectral Image Denoising",
        "author": "Shuai Hu",
        "venue": "IEEE Geoscience and Remote Sensing Letters",
        "year": 2024,
        "arxiv": "2403.10067",
    },
    "code": "summitgao/HCANet",
    "family": "self-attention",
    "place": "after",
    "aliases": ["hcanet", "convolution-attention-fusion"],
    "where": {"depth": "C // heads"},
    "params": "4*C*C + 325*C + 28*heads + 9 + (7*C if bias else 0)",
    "macs": "N*(4*C*C + 351*C + 2*C*depth)",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
    ],
    "deviations": [
        "HCANet has one head for each 48 channels; plug-in collections have 8 heads, as here, whose channels are powers"
        " of 2.",
        "The official code reshapes (3C, H, W) to (H*W, 3h, d) without moving the channels behind the positions first,"
        " so that positions and channels mix; so does this.",
        "The kernels of three dimensions on a map of depth 1 cost three times what they use.",
    ],
}


class ConvolutionAttentionFusion(nn.Module):
    """Convolution and attention fusion: (N, C, H, W) to the same shape.

    channels: C. heads: h. bias: in the convolutions that have none by default.
    """

    def __init__(self, channels: int, *, heads: int = 8, bias: bool = False) -> None:
        super().__init__()
        self.heads = heads
        depth = channels // heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv3d(channels, 3 * channels, 1, bias=bias)
        self.depthwise = nn.Conv3d(3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=bias)
        self.project = nn.Conv3d(channels, channels, 1, bias=bias)
        self.mix = nn.Conv3d(3 * heads, 9, 1)
        self.local = nn.Conv3d(9 * depth, channels, 3, padding=(0, 1, 1), groups=depth)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add attention between the channels of x (N, C, H, W) and the local branch."""
        qkv = self.depthwise(self.qkv(x[:, :, None])).squeeze(2)
        y: torch.Tensor = self._attended(qkv) + self._convolved(qkv)
        return y

    def _attended(self, qkv: torch.Tensor) -> torch.Tensor:
        n, _, height, width = qkv.shape
        query, key, value = (part.reshape(n, self.heads, -1, height * width) for part in qkv.chunk(3, dim=1))
        logits = F.normalize(query, dim=3) @ F.normalize(key, dim=3).transpose(2, 3)
        gathered = (logits * self.temperature).softmax(dim=3) @ value
        y: torch.Tensor = self.project(gathered.reshape(n, -1, 1, height, width)).squeeze(2)
        return y

    def _convolved(self, qkv: torch.Tensor) -> torch.Tensor:
        n, _, height, width = qkv.shape
        # Contiguous first: what is mixed is the order in memory, which a layout of channels last would change.
        numbers = qkv.contiguous().view(n, height * width, 3 * self.heads, -1)
        mixed = self.mix(numbers.transpose(1, 2)[:, :, None]).squeeze(2)  # (N, 9, H*W, d)
        maps = mixed.permute(0, 3, 1, 2).reshape(n, -1, 1, height, width)
        # Padded here and not in the convolution, whose kernel for bfloat16 on CPUs reads past such maps of depth 1.
        y: torch.Tensor = self.local(F.pad(maps, (0, 0, 0, 0, 1, 1))).squeeze(2)
        return y
