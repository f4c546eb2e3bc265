"""Attends to a small learned memory in place of the map itself, normalised over positions, then over slots.

    z = conv1x1(x)                              (C, H*W), with bias
    A = softmax over the H*W positions of M_k z             (S, H*W), M_k: S x C, S memory slots
    A = A / (1e-9 + sum over the S slots of A)
    y = relu(x + BN(conv1x1(M_v A)))            M_v: C x S; no bias in M_k, M_v and this convolution
    multi_head  z = linear(x), 4C channels in 4*heads heads of C/heads; M_k: S x C/heads and M_v: C/heads x S,
                with biases, shared by the heads; y = linear(heads side by side), 4C to C; no residual
    tokens      y = M_v A with z = x, and no 1e-9: the two memories and nothing else

Beyond Self-attention: External Attention using Two Linear Layers for Visual Tasks. Meng-Hao Guo et al.,
TPAMI 2022, arXiv:2105.02358.
Official code: MenghaoGuo/EANet.
"""

import torch
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "ExternalAttention",
    "name": "External attention",
    "paper": {
        "title": "Beyond Self-attention: External Attention using Two Linear Layers for Visual Tasks",
        "author": "Meng-Hao Guo",
        "venue": "TPAMI",
        "year": 2022,
        "arxiv": "2105.02358",
    },
    "code": "MenghaoGuo/EANet",
    "family": "self-attention",
    "place": "after",
    "aliases": ["external-attention", "externalattention", "ea", "eanet", "eamlp"],
    "where": {"width": "C // heads", "wide": "expansion*C"},
    "params": (
        "2*C*C + 3*C + 2*C*slots if mode == 'unit' else 2*C*slots if mode == 'tokens'"
        " else 2*C*wide + wide + C + 2*width*slots + slots + width"
    ),
    "macs": (
        "N*(2*C*C + 2*C*slots) if mode == 'unit' else N*2*C*slots if mode == 'tokens' else N*(2*C*wide + 2*wide*slots)"
    ),
    "limits": [
        [
            "mode in ('unit', 'multi_head', 'tokens')",
            "mode must be 'unit', 'multi_head' or 'tokens', not {mode}",
        ],
        ["slots > 0", "slots must be positive, not {slots}"],
        ["heads > 0 or mode != 'multi_head'", "heads must be positive, not {heads}"],
        ["expansion > 0 or mode != 'multi_head'", "expansion must be positive, not {expansion}"],
        ["mode != 'multi_head' or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        [
            "mode != 'unit' or not train or batch*N > 1",
            "training needs more than one value per channel for BatchNorm",
        ],
    ],
    "variants": {"eamlp": {"mode": "multi_head"}, "xmu-xiaoma666": {"mode": "tokens"}},
    "deviations": [
        "The official unit starts M_v as the transpose of M_k in the same storage, so that on a CPU both train as one"
        " until the model is moved; here they start equal and train apart, as they do there on a GPU.",
        "The softmax is over the positions, not over the slots: a position's weights depend on the whole map.",
        "xmu-xiaoma666's port (variant xmu-xiaoma666) has the two memories alone: a ninth of the unit's MACs at 512"
        " channels, and no residual.",
        "The multi-head form of EAMLP has four times the channels inside, so it costs more than the unit.",
    ],
}


class ExternalAttention(nn.Module):
    """External attention: (N, C, H, W) to the same shape.

    channels: C. mode: "unit" (of EANet), "multi_head" (of EAMLP) or "tokens", as above. slots: S, entries of a memory.
    heads, expansion: of multi_head, expansion * heads heads of C // heads channels each.
    """

    def __init__(
        self, channels: int, *, mode: str = "unit", slots: int = 64, heads: int = 8, expansion: int = 4
    ) -> None:
        super().__init__()
        self.mode, self.heads = mode, expansion * heads
        if mode == "unit":
            self.embed: nn.Module = nn.Conv2d(channels, channels, 1)
            self.memory_key: nn.Module = nn.Conv1d(channels, slots, 1, bias=False)
            self.memory_value: nn.Module = nn.Conv1d(slots, channels, 1, bias=False)
            self.project: nn.Module = nn.Conv2d(channels, channels, 1, bias=False)
            self.norm = nn.BatchNorm2d(channels, momentum=3e-4)
            for layer in (self.embed, self.memory_value, self.project):
                nn.init.normal_(layer.weight, std=(2 / channels) ** 0.5)
            with torch.no_grad():
                self.memory_key.weight.copy_(self.memory_value.weight.transpose(0, 1))
        elif mode == "multi_head":
            self.embed = nn.Linear(channels, expansion * channels)
            self.memory_key = nn.Linear(channels // heads, slots)
            self.memory_value = nn.Linear(slots, channels // heads)
            self.project = nn.Linear(expansion * channels, channels)
        else:
            self.memory_key = nn.Linear(channels, slots, bias=False)
            self.memory_value = nn.Linear(slots, channels, bias=False)
            nn.init.normal_(self.memory_key.weight, std=0.001)
            nn.init.normal_(self.memory_value.weight, std=0.001)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let every position of x (N, C, H, W) read from the memory."""
        height, width = x.shape[2:]
        if self.mode == "unit":
            weights = self.memory_key(self.embed(x).flatten(2)).softmax(dim=2)
            weights = weights / (1e-9 + weights.sum(dim=1, keepdim=True))
            read = self.memory_value(weights).unflatten(2, (height, width))
            y: torch.Tensor = (x + self.norm(self.project(read))).relu()
            return y
        tokens = to_tokens(x)
        if self.mode == "tokens":
            weights = self.memory_key(tokens).softmax(dim=1)
            weights = weights / weights.sum(dim=2, keepdim=True)
            return to_map(self.memory_value(weights), height, width)
        weights = self.memory_key(split_heads(self.embed(tokens), self.heads)).softmax(dim=2)
        weights = weights / (1e-9 + weights.sum(dim=3, keepdim=True))
        return to_map(self.project(join_heads(self.memory_value(weights))), height, width)
