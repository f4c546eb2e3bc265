"""torch's own FlopCounterMode, on the CPU: contractions only, 2 FLOPs each, those that it has a formula for."""

import torch
from torch import nn

from attnprof.peers import ATTENTION, CONVOLUTION, PRODUCT, Breakdown, Counted, Missed, Peer


def count(module: nn.Module, x: torch.Tensor) -> int:
    """Half of its total: it counts 2 per MAC."""
    return sum(part.macs for part in breakdown(module, x).counted)


def breakdown(module: nn.Module, x: torch.Tensor) -> Breakdown:
    """The total by operator."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(x)
    by_operator = counter.get_flop_counts()["Global"]
    return Breakdown(tuple(Counted(str(name), flops // 2, _kind(str(name))) for name, flops in by_operator.items()))


def _kind(name: str) -> str:
    if "convolution" in name or "conv2d" in name:
        return CONVOLUTION
    return ATTENTION if "attention" in name else PRODUCT


def why(missed: Missed) -> str:
    """Which operator it has no formula for."""
    if missed.kind == ATTENTION:
        return "it has no formula for the CPU's fused attention; on CUDA it has one"
    return f"it has no formula for {', '.join(missed.operators)}" if missed.macs < 0 else ""


PEER = Peer(count=count, computes=True, breakdown=breakdown, why=why, title="FlopCounterMode")
