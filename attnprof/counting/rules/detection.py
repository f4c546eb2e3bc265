"""torchvision's operators: convolution at shifted taps, regions of a map, boxes that overlap."""

from math import ceil, log2, prod
from typing import Any

from attnprof.counting.rules import POINTWISE, REDUCTION, Cost, Rule
from attnprof.counting.rules.products import bias, mac
from attnprof.counting.rules.resampling import BILINEAR

_OVERLAP = 13  # of two boxes: corners 4, sides 2, their bounds 2, area 1, union 2, quotient 1, compare 1


def _shifted(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """deform_conv2d: every tap sampled where its offset says, times its mask; then a convolution."""
    x, weight, _, _, shift = args[:5]
    uses_mask = args[-1]
    taps = prod(weight.shape[2:])
    samples = x.shape[0] * x.shape[1] * taps * prod(out.shape[2:])
    product = mac(out.numel() * prod(weight.shape[1:]), x)
    costs = (product, (POINTWISE, samples * (BILINEAR + bool(uses_mask))))
    return costs if shift is None else (*costs, bias(out))


def _regions(ratio: int) -> Any:
    """ratio: position of the number of samples along a side of a bin."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        """The mean of bilinear samples. Without their number a bin has at most those of the whole map."""
        x, bins = args[0], (out[0] if isinstance(out, tuple | list) else out)
        along = [ceil(side / n) for side, n in zip(x.shape[2:], bins.shape[2:], strict=True)]
        samples = args[ratio] ** 2 if args[ratio] > 0 else prod(along)
        return ((POINTWISE, bins.numel() * samples * BILINEAR), (REDUCTION, bins.numel() * samples))

    return flops


def _suppression(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """nms: boxes sorted by score, and at most every pair compared."""
    n = args[0].shape[0]
    order = n * ceil(log2(n)) if n > 1 else 0
    return ((REDUCTION, order), (POINTWISE, 3 * n + _OVERLAP * (n * (n - 1) // 2)))


RULES = {
    "torchvision::deform_conv2d": Rule(_shifted),
    "torchvision::roi_align": Rule(_regions(5)),
    "torchvision::ps_roi_align": Rule(_regions(5)),
    "torchvision::nms": Rule(_suppression),
}
