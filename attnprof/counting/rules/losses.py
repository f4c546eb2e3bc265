"""Losses that run as one operator: operations per element of the input, and the sum or mean of them."""

from typing import Any

from attnprof.counting.rules import POINTWISE, REDUCTION, TRANSCENDENTAL, Cost, Flops, Rule
from attnprof.counting.rules._meta import argument

_NONE, _MEAN = 0, 1  # the values of a reduction argument; 2 is a sum


def _reduction(elements: int, kind: int) -> Cost:
    if kind == _NONE:
        return ()
    return ((REDUCTION, elements if kind == _MEAN else elements - 1),)


def _per_element(operations: int, functions: int = 0, place: int = 2) -> Flops:
    """operations, functions: plain and transcendental ones per element. place: of the reduction argument."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        n = args[0].numel()
        kind = argument(args, kwargs, place, "reduction", _MEAN)
        return ((POINTWISE, operations * n), (TRANSCENDENTAL, functions * n), *_reduction(n, kind))

    return flops


def _backward(operations: int, functions: int = 0) -> Flops:
    """Per element of the input, which is the second argument."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        n = args[1].numel()
        return ((POINTWISE, operations * n), (TRANSCENDENTAL, functions * n))

    return flops


def _weighted(base: int, functions: int, weight: int) -> Flops:
    """A cross entropy of two classes: one product more per element with a weight, at position ``weight``."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        operations = base + (argument(args, kwargs, weight, "weight") is not None)
        return _per_element(operations, functions, weight + 1)(args, kwargs, out)

    return flops


def _with_logits(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """(1 - y) x - log_sigmoid(x), with a positive weight p: ((p - 1) y + 1) log_sigmoid(x)."""
    weights = [argument(args, kwargs, place, name) for place, name in ((2, "weight"), (3, "pos_weight"))]
    operations = 3 + (weights[0] is not None) + 3 * (weights[1] is not None)
    return _per_element(operations, 1, place=4)(args, kwargs, out)


def _picked(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """Negative log likelihood: one element per target, negated, times its class's weight where it has one."""
    n = args[1].numel()
    weight, kind = argument(args, kwargs, 2, "weight"), argument(args, kwargs, 3, "reduction", _MEAN)
    return ((POINTWISE, n if weight is None else 2 * n), *_reduction(n, kind))


def _picked_backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return ((POINTWISE, args[2].numel()),)


def _margins(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """max(0, margin - x[target] + x[class]): 3 per class, and their sum and mean; a square with p = 2."""
    n, rows = args[0].numel(), args[1].numel()
    operations = 3 + (argument(args, kwargs, 2, "p", 1) == 2)
    kind = argument(args, kwargs, 5, "reduction", _MEAN)
    return ((POINTWISE, operations * n), (REDUCTION, n), *_reduction(rows, kind))


RULES = {
    "mse_loss": Rule(_per_element(2)),  # a difference and its square
    "huber_loss": Rule(_per_element(5)),  # difference, modulus, compare, half, product
    "smooth_l1_loss": Rule(_per_element(6)),  # the same, over beta
    "soft_margin_loss": Rule(_per_element(3, 2)),  # log(1 + exp(-y x))
    "binary_cross_entropy": Rule(_weighted(6, 2, 2)),  # -(y log x + (1 - y) log(1 - x))
    "binary_cross_entropy_with_logits": Rule(_with_logits),
    "nll_loss_forward": Rule(_picked),
    "nll_loss2d_forward": Rule(_picked),
    "multi_margin_loss": Rule(_margins),
    "mse_loss_backward": Rule(_backward(3)),
    "huber_loss_backward": Rule(_backward(5)),
    "smooth_l1_loss_backward": Rule(_backward(5)),
    "soft_margin_loss_backward": Rule(_backward(5, 1)),
    "binary_cross_entropy_backward": Rule(_backward(6)),
    "nll_loss_backward": Rule(_picked_backward),
    "nll_loss2d_backward": Rule(_picked_backward),
    "multi_margin_loss_backward": Rule(_backward(4)),
}
