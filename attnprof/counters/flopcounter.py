"""torch's FlopCounterMode, on the CPU: the contractions that it has a formula for, 2 FLOPs per MAC."""

from typing import TYPE_CHECKING

from attnprof.counters import ATTENTION, CONVOLUTION, PRODUCT, Breakdown, CountedPart, Counter, Discrepancy

if TYPE_CHECKING:
    import torch
    from torch import nn


def count(module: "nn.Module", *maps: "torch.Tensor") -> int:
    """Half of its total: it counts 2 per MAC."""
    return sum(part.macs for part in breakdown(module, *maps).counted)


def breakdown(module: "nn.Module", *maps: "torch.Tensor") -> Breakdown:
    """The total by operator, and the operators that ran and have no formula."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from attnprof.counters._operators import OperatorNames

    with FlopCounterMode(display=False) as counter, OperatorNames() as seen, torch.no_grad():
        module(*maps)
    by_operator = counter.get_flop_counts().get("Global", {})
    counted = [CountedPart(str(name), flops // 2, _kind(str(name))) for name, flops in by_operator.items()]
    return Breakdown(tuple(counted), tuple(sorted(seen.names - {part.what for part in counted})))


def _kind(name: str) -> str:
    if "convolution" in name:
        return CONVOLUTION
    return ATTENTION if "attention" in name else PRODUCT


def why(gap: Discrepancy) -> str:
    """Which operator it has no formula for."""
    if gap.kind == ATTENTION:
        return "it has no formula for the CPU's fused attention; for that of CUDA it has"
    operators = [name for name in gap.unseen if name.removeprefix("aten.") in _WITHOUT_FORMULA]
    return f"it has no formula for {', '.join(operators)}" if operators and gap.macs < 0 else ""


_WITHOUT_FORMULA = ("mv", "dot", "vdot", "addmv", "addbmm", "_trilinear", "_native_multi_head_attention")

COUNTER = Counter(
    count=count,
    computes=True,
    breakdown=breakdown,
    why=why,
    title="FlopCounterMode",
    help="MACs as torch's FlopCounterMode counts them on the CPU (some operators left out)",
)
