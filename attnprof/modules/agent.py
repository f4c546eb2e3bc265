"""Lets a few agents, pooled from the queries, gather from all positions, and each position read from the agents.

    q = linear(x), [k, v] = linear(x)           C channels each, in heads of d = C/heads
    a = average pool of the map of q to sqrt(A) x sqrt(A)       A agents
    g = softmax over positions of (a k^T / sqrt(d) + B1) times v                A x d
    z = softmax over agents of (q a^T / sqrt(d) + B2) times g                   H*W x d
    B1, B2 per head and agent: a 7x7 table resized to H x W (bilinear) + a value per row + a value per column
    y = linear(z + depthwise conv3x3(map of v))                 both with bias

A is 9, 16, 49, 49 by stage: for maps of about 56, 28, 14 and 7 pixels.

Agent Attention: On the Integration of Softmax and Linear Attention.
Dongchen Han et al., ECCV 2024, arXiv:2312.08874.
Official code: LeapLabTHU/Agent-Attention.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.catalogue.formula import stage
from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "AgentAttention",
    "name": "Agent attention",
    "paper": {
        "title": "Agent Attention: On the Integration of Softmax and Linear Attention",
        "author": "Dongchen Han",
        "venue": "ECCV",
        "year": 2024,
        "arxiv": "2312.08874",
    },
    "code": "LeapLabTHU/Agent-Attention",
    "family": "self-attention",
    "place": "after",
    "aliases": ["agent-attention", "agentattention", "agent-pvt"],
    "where": {
        "groups": "C // 64 if heads is None else heads",
        "count": "(9, 16, 49, 49)[stage(H, W)] if agents is None else agents",
    },
    "params": "4*C*C + 11*C + (3*C if qkv_bias else 0) + 2*groups*count*(49 + H + W)",
    "macs": "N*(4*C*C + 9*C + 4*count*C)",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 64 == 0",
            "without heads, channels must be a multiple of 64: heads are 64 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["agents is None or agents > 0", "agents must be positive, not {agents}"],
        [
            "agents is None or round(sqrt(agents))**2 == agents",
            "agents must be a square such as 49, not {agents}",
        ],
    ],
    "variants": {"class-defaults": {"heads": 8, "agents": 49, "qkv_bias": False}},
    "deviations": [
        "The default is the setting of Agent-PVT; the bare class has 8 heads, 49 agents and no qkv biases"
        " (variant class-defaults).",
        "The position tables are built for one map size; the official code takes square maps, here H and W are free.",
        "Their resize is bilinear without aligned corners, and runs in every call.",
        "The spatial reduction of keys and values, which published models leave at 1, is left out.",
    ],
}


class _PositionBias(nn.Module):
    """What is added to the logits between agents and positions: (heads, A, H*W)."""

    def __init__(self, heads: int, agents: int, height: int, width: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(heads, agents, 7, 7))
        self.rows = nn.Parameter(torch.empty(heads, agents, height, 1))
        self.columns = nn.Parameter(torch.empty(heads, agents, 1, width))
        for parameter in self.parameters():
            nn.init.trunc_normal_(parameter, std=0.02)

    def forward(self) -> torch.Tensor:
        """Add the resized table, the rows and the columns up."""
        size = [self.rows.shape[2], self.columns.shape[3]]
        return (F.interpolate(self.table, size, mode="bilinear") + self.rows + self.columns).flatten(2)


class AgentAttention(nn.Module):
    """Agent attention: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map. agents: A, a square. heads: unless given, C // 64.
    qkv_bias: biases in the layers that give queries, keys and values.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int,
        width: int,
        agents: int | None = None,
        heads: int | None = None,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        agents = (9, 16, 49, 49)[stage(height, width)] if agents is None else agents
        self.heads = channels // 64 if heads is None else heads
        self.size = (height, width)
        self.query = nn.Linear(channels, channels, bias=qkv_bias)
        self.key_value = nn.Linear(channels, 2 * channels, bias=qkv_bias)
        self.pool = nn.AdaptiveAvgPool2d(round(agents**0.5))
        self.gather_bias = _PositionBias(self.heads, agents, height, width)
        self.read_bias = _PositionBias(self.heads, agents, height, width)
        self.local = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to all by way of the agents."""
        height, width = x.shape[2:]
        if (height, width) != self.size:
            raise ValueError(f"built for maps of {self.size}, this one has {(height, width)}")
        tokens = to_tokens(x)
        queries = self.query(tokens)
        keys, values = self.key_value(tokens).chunk(2, dim=2)
        agents = to_tokens(self.pool(to_map(queries, height, width))).contiguous()
        query, key, value, agent = (split_heads(part, self.heads) for part in (queries, keys, values, agents))
        scale = query.shape[3] ** -0.5
        gathered = (agent * scale @ key.transpose(2, 3) + self.gather_bias()).softmax(dim=3) @ value
        read = (query * scale @ agent.transpose(2, 3) + self.read_bias().transpose(1, 2)).softmax(
            dim=3
        ) @ gathered
        local = to_tokens(self.local(to_map(values, height, width)))
        return to_map(self.project(join_heads(read) + local), height, width)
