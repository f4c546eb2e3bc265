"""thop: hooks on classes of modules; matmul, functional calls and bare parameters are not counted."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attnprof.counters import CONVOLUTION, EXTRA, PRODUCT, Breakdown, CountedPart, Counter, Discrepancy

if TYPE_CHECKING:
    import torch
    from torch import nn

# Work that is no multiply-accumulate and that thop adds to its MACs: parts of class names, in order.
_EXTRAS = (
    ("Norm", "adds 4 per element, 2 where it has no weights"),
    ("AdaptiveAvgPool", "adds its taps + 1 per element of the output"),
    ("AvgPool", "adds 1 per element of the output"),
    ("Softmax", "adds 3n - 1 per row of n"),
    ("Upsampl", "adds 1 (nearest) or 11 (bilinear) per element of the output"),
    ("PReLU", "adds 1 per element"),
)


def count(module: "nn.Module", x: "torch.Tensor") -> int:
    """The first figure of thop.profile, which it calls MACs. Leaves buffers of its own in the module."""
    import thop

    return int(thop.profile(module, inputs=(x,), verbose=False)[0])


def breakdown(module: "nn.Module", x: "torch.Tensor") -> Breakdown:
    """The figure of every submodule that thop has a hook for."""
    import thop

    classes = {path: type(part).__name__ for path, part in module.named_modules(remove_duplicate=False)}
    total, _, layers = thop.profile(module, inputs=(x,), verbose=False, ret_layer_info=True)
    counted = [_part(path, classes[path], macs) for path, macs in _flat(layers) if macs]
    own_macs = int(total) - sum(
        part.macs for part in counted
    )  # the module itself is of a class that thop hooks
    if own_macs:
        counted.append(_part("", classes[""], own_macs))
    return Breakdown(tuple(counted))


def _flat(layers: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, int]]:
    """(path, MACs) of the innermost parts: thop's own tree holds sums of sums."""
    for name, (macs, _, below) in layers.items():
        if below:
            yield from _flat(below, f"{above}{name}.")
        else:
            yield above + name, int(macs)


def _part(path: str, kind: str, macs: int) -> CountedPart:
    if kind.startswith("Conv"):
        return CountedPart(kind, macs, CONVOLUTION, path)
    if kind == "Linear":
        return CountedPart(kind, macs, PRODUCT, path)
    rule = next((rule for part, rule in _EXTRAS if part in kind), "")
    return CountedPart(kind, macs, EXTRA, path, rule)


def why(gap: Discrepancy) -> str:
    """The behaviour of thop's hooks behind a difference."""
    if gap.kind == CONVOLUTION and gap.macs > 0:
        return "a transposed convolution is counted over its output"
    if gap.macs > 0:
        return "a module with two names is counted at each of them"
    return "it hooks modules, by classes that it knows; what others compute themselves passes it by"


COUNTER = Counter(
    count=count,
    computes=False,
    breakdown=breakdown,
    why=why,
    help="MACs as thop counts them (some operators left out, others added)",
)
