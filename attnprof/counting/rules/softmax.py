"""Softmax over rows of n: 4n - 2 plain operations, and n exponentials kept apart."""

from typing import Any

from attnprof.counting.rules import SOFTMAX, TRANSCENDENTAL, Cost, Rule
from attnprof.counting.rules._meta import are_dims, fresh, plain, rows


def softmax_flops(count: int, n: int) -> Cost:
    """``count`` rows of n: (n-1) compares, n subtractions, (n-1) additions, n divisions; n exp."""
    return ((SOFTMAX, count * (4 * n - 2)), (TRANSCENDENTAL, count * n))


def _softmax(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return softmax_flops(*rows(args[0].shape, args[1]))


def _log_softmax(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """(n-1) compares, n subtractions, (n-1) additions, n subtractions; n exp and a log."""
    count, n = rows(args[0].shape, args[1])
    return ((SOFTMAX, count * (4 * n - 2)), (TRANSCENDENTAL, count * (n + 1)))


def _backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    count, n = rows(args[0].shape, args[2])
    return ((SOFTMAX, count * (4 * n - 1)),)


def _log_backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    count, n = rows(args[0].shape, args[2])
    return ((SOFTMAX, count * (3 * n - 1)), (TRANSCENDENTAL, count * n))


def _shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, dim = args[0], args[1]
    if not are_dims((dim,), x.dim()):  # torch's own meta kernel lets it pass
        n = max(1, x.dim())
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
        )
    converts = len(args) > 2 and args[2] not in (False, None)
    if converts or kwargs or not x.is_meta or not x.is_floating_point():
        return None
    return fresh(x.shape, x.dtype)


def _backward_shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, out, _, dtype = args
    if not plain(gradient) or not plain(out):
        return None
    fits = gradient.dtype == out.dtype == dtype and gradient.shape == out.shape
    return fresh(gradient.shape, gradient.dtype) if fits else None


RULES = {
    "_softmax": Rule(_softmax, _shape),
    "_safe_softmax": Rule(_softmax, _shape),
    "_log_softmax": Rule(_log_softmax, _shape),
    "_softmax_backward_data": Rule(_backward, _backward_shape),
    "_log_softmax_backward_data": Rule(_log_backward, _backward_shape),
}
