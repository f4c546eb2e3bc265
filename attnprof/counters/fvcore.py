"""fvcore: traces a forward pass and counts the operators that it has a rule for; it calls MACs flops."""

import logging
from typing import TYPE_CHECKING

from attnprof.counters import CONVOLUTION, EXTRA, PRODUCT, Breakdown, CountedPart, Counter, Discrepancy

if TYPE_CHECKING:
    import torch
    from torch import nn

_KINDS = {"conv": CONVOLUTION} | dict.fromkeys(("linear", "addmm", "mm", "bmm", "matmul", "einsum"), PRODUCT)
# Work that is no multiply-accumulate, which fvcore adds to those that are.
_EXTRAS = {
    "batch_norm": "adds 2 per element",
    "layer_norm": "adds 5 per element",
    "group_norm": "adds 5 per element",
    "instance_norm": "adds 5 per element",
    "adaptive_avg_pool2d": "adds 1 per element of the input",
    "upsample_nearest2d": "adds 1 per element of the output",
    "upsample_bilinear2d": "adds 4 per element of the output",
    "grid_sampler": "adds 4 per element of the output",
}


# fvcore has no annotations
def _analysis(module: "nn.Module", maps: "tuple[torch.Tensor, ...]"):  # type: ignore[no-untyped-def]
    from fvcore.nn import FlopCountAnalysis
    from torch import nn

    fused = (nn.MultiheadAttention, nn.TransformerEncoderLayer)
    if maps[0].is_meta and any(isinstance(part, fused) for part in module.modules()):
        raise ValueError("torch's attention runs as one operator on some devices, of which meta is none")
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    return FlopCountAnalysis(module, maps).unsupported_ops_warnings(False).uncalled_modules_warnings(False)


def count(module: "nn.Module", *maps: "torch.Tensor") -> int:
    """The total of fvcore's FlopCountAnalysis."""
    return int(_analysis(module, maps).total())


def breakdown(module: "nn.Module", *maps: "torch.Tensor") -> Breakdown:
    """The total by fvcore's names of operators; it names those without a rule too."""
    analysis = _analysis(module, maps)
    counted = [
        CountedPart(name, int(macs), _KINDS.get(name, EXTRA), why=_EXTRAS.get(name, ""))
        for name, macs in analysis.by_operator().items()
    ]
    return Breakdown(tuple(counted), tuple(sorted(analysis.unsupported_ops())))


def why(gap: Discrepancy) -> str:
    """The rule of fvcore behind a difference."""
    if gap.kind == CONVOLUTION:
        has_mode = "aten::_convolution_mode" in gap.unseen
        return "it has no rule for a convolution with padding='same' or 'valid'" if has_mode else ""
    if gap.macs > 0:
        by_path = "it costs an einsum by NumPy's path, not by the products that run"
        return by_path if gap.kind == PRODUCT else ""
    return _why_of_missing(gap)


def _why_of_missing(gap: Discrepancy) -> str:
    """Why products or attention are missing from its figure."""
    # An attention that the device does not fuse is products to us, and still one operator in fvcore's trace.
    names = [name.removeprefix("aten::") for name in gap.unseen]
    operators = [name for name in names if name in _WITHOUT_RULE]
    if operators:
        return f"it has no rule for {', '.join(operators)}"
    return "of a matmul it reads the first factor as it is: where that is broadcast, one copy is counted"


_WITHOUT_RULE = frozenset(
    ("mv", "dot", "vdot", "baddbmm", "addbmm", "addmv", "bilinear")
    + ("scaled_dot_product_attention", "_native_multi_head_attention")
)

COUNTER = Counter(
    count=count,
    computes=False,
    breakdown=breakdown,
    why=why,
    help="MACs as fvcore counts them (some operators left out, others added)",
)
