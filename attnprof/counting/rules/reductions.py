"""Reductions: n elements to one take n - 1 operations; a mean divides once more."""

from math import ceil, inf, log2
from typing import Any

import torch

from attnprof.counting.rules import FREE, REDUCTION, TRANSCENDENTAL, Cost, Rule
from attnprof.counting.rules._meta import are_dims, argument, fresh, like, reduced, rows


def _floating(x: Any) -> bool:
    return bool(x.is_floating_point() or x.is_complex())


def _search(values: int) -> Any:
    """Binary search of argument ``values`` among n boundaries: log2(n + 1) compares each, rounded up."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        boundaries = args[1 - values]
        compares = ceil(log2(boundaries.shape[-1] + 1))
        return ((REDUCTION, out.numel() * compares),) if _floating(boundaries) else FREE

    return flops


def _real_additions(x: Any) -> int:
    """Real additions in one of x's dtype."""
    return 2 if x.is_complex() else 1


def _outputs(out: Any) -> int:
    first = out[0] if isinstance(out, tuple | list) else out
    return int(first.numel())


def _sum(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    x = args[0]
    return ((REDUCTION, _real_additions(x) * (x.numel() - _outputs(out))),) if _floating(x) else FREE


def _mean(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    x = args[0]
    return ((REDUCTION, _real_additions(x) * x.numel()),) if _floating(x) else FREE


def _var(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return ((REDUCTION, 4 * args[0].numel()),)


def _both_ends(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return _sum(args, kwargs, out) * 2


def _norm(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """Squares or moduli, and their sum or maximum; a root each, except for orders 1 and infinity."""
    x, n, order = args[0].numel(), out.numel(), argument(args, kwargs, 1, "ord", 2)
    return ((REDUCTION, 2 * x - n), *norm_functions(x, n, order))


def norm_functions(x: int, n: int, order: float | None) -> Cost:
    """The powers and roots of n norms of x elements in all; None is order 2."""
    if order in (0, 1, inf, -inf):
        return FREE
    return ((TRANSCENDENTAL, n if order in (2, None) else x + n),)


def _logsumexp(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    x, n = args[0].numel(), out.numel()
    return ((REDUCTION, 2 * (x - n) + x + n), (TRANSCENDENTAL, x + n))


def _cumulative(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    x, dim = args[0], argument(args, kwargs, 1, "dim")
    count, _ = rows(x.shape, dim)
    return ((REDUCTION, _real_additions(x) * (x.numel() - count)),) if _floating(x) else FREE


def _log_cumulative(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """A logarithm of two exponentials per step, as logaddexp has it."""
    return tuple((TRANSCENDENTAL, n) for _, n in _cumulative(args, kwargs, out))


def _sort(place: int) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        x, dim = args[0], argument(args, kwargs, place, "dim", -1)
        if not _floating(x):
            return FREE
        n = x.shape[dim] if x.dim() else 1
        return ((REDUCTION, x.numel() * ceil(log2(n)) if n > 1 else 0),)

    return flops


def _median(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """Of all elements, or along a side, sorted."""
    return _unique(args, kwargs, out) if isinstance(out, torch.Tensor) else _sort(1)(args, kwargs, out)


def _binned(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """histc: each element less the lowest bound, over a bin's width, and its bin counted."""
    x = args[0]
    return ((REDUCTION, 3 * x.numel()),) if _floating(x) else FREE


def _weighted_counts(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """bincount: an addition per element where they have weights, else whole numbers alone."""
    weights = argument(args, kwargs, 1, "weights")
    return FREE if weights is None else ((REDUCTION, weights.numel()),)


def _trace(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    x = args[0]
    return ((REDUCTION, _real_additions(x) * (min(x.shape) - 1)),) if _floating(x) else FREE


def _unique(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """Elements, sorted as in a row: n ceil(log2 n) compares."""
    x = args[0]
    n = x.numel()
    return ((REDUCTION, n * ceil(log2(n)) if n > 1 else 0),) if _floating(x) else FREE


def _neighbours(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """unique_consecutive: each element is compared with the one before it."""
    x = args[0]
    return ((REDUCTION, max(0, x.numel() - 1)),) if _floating(x) else FREE


def _over_dims(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if kwargs.get("dtype") is not None or len(args) > 3:
        return None
    return _reduced(args[0], argument(args, kwargs, 1, "dim"), argument(args, kwargs, 2, "keepdim", False))


def _reduced(x: torch.Tensor, dims: Any, keepdim: bool) -> torch.Tensor | None:
    if not (x.is_meta and x.is_floating_point()):
        return None
    shape = reduced(x.shape, dims, keepdim)
    # Contiguous, whatever the input's order of dimensions.
    return None if shape is None else fresh(shape, x.dtype)


def _over_corrected(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """var.correction and similar: dims by position, keepdim and the correction by name."""
    if len(args) > 2:
        return None
    return _reduced(args[0], argument(args, kwargs, 1, "dim"), kwargs.get("keepdim", False))


def _pair_corrected(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    variance = _over_corrected(args, kwargs)
    return None if variance is None else (variance, like(variance))


def _norm_shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if kwargs.get("dtype") is not None:
        return None
    return _reduced(args[0], argument(args, kwargs, 2, "dim"), argument(args, kwargs, 3, "keepdim", False))


def _top(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Values and their indices."""
    x, k, dim = args[0], args[1], argument(args, kwargs, 2, "dim", -1)
    if not x.is_meta or not x.is_contiguous() or not x.dim():
        return None
    if not are_dims((dim,), x.dim()) or k > x.shape[dim]:
        return None
    shape = list(x.shape)
    shape[dim] = k
    return fresh(shape, x.dtype), fresh(shape, torch.int64)


_ONE_LEFT = "sum nansum amax amin max min argmax argmin prod any all _is_all_true _is_any_true count_nonzero"
RULES = {
    **{name: Rule(_sum) for name in _ONE_LEFT.split()},
    **{name: Rule(_var) for name in ("var", "std")},
    **{name: Rule(_sort(1)) for name in ("sort", "argsort")},
    **{name: Rule(_cumulative) for name in ("cumsum", "cumprod", "cummax", "cummin")},
    "aminmax": Rule(_both_ends),
    "sum": Rule(_sum, _over_dims),
    "amax": Rule(_sum, _over_dims),
    "amin": Rule(_sum, _over_dims),
    "mean": Rule(_mean, _over_dims),
    "var": Rule(_var, _over_corrected),
    "std": Rule(_var, _over_corrected),
    "var_mean": Rule(_var, _pair_corrected),
    "std_mean": Rule(_var, _pair_corrected),
    "linalg_vector_norm": Rule(_norm, _norm_shape),
    "norm": Rule(_norm),
    "logsumexp": Rule(_logsumexp),
    "logcumsumexp": Rule(_log_cumulative),
    "topk": Rule(_sort(2), _top),
    "bucketize": Rule(_search(0)),
    "searchsorted": Rule(_search(1)),
    "kthvalue": Rule(_sort(2)),
    "trace": Rule(_trace),
    "histc": Rule(_binned),
    "bincount": Rule(_weighted_counts),
    "median": Rule(_median),
    "nanmedian": Rule(_median),
    "mode": Rule(_sort(1)),
    **{name: Rule(_unique) for name in ("_unique", "_unique2", "unique_dim")},
    "unique_consecutive": Rule(_neighbours),
}
