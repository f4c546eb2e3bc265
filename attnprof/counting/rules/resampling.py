"""Upsampling and sampling by a grid: a number of operations per output element for each interpolation."""

from collections.abc import Mapping
from typing import Any

from attnprof.counting.rules import POINTWISE, REDUCTION, Cost, Rule, no_flops
from attnprof.counting.rules._meta import fresh, of_one_layout

_LINEAR, BILINEAR, _TRILINEAR, _BICUBIC = 4, 11, 25, 39
# By grid_sampler's interpolation_mode: bilinear, nearest, bicubic.
_ON_MAPS = {0: BILINEAR, 1: 0, 2: _BICUBIC}
_IN_SPACE = {0: _TRILINEAR, 1: 0}


def _forward(operations: int) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((POINTWISE, operations * out.numel()),)

    return flops


def _backward(operations: int) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((POINTWISE, operations * args[0].numel()),)

    return flops


def _nearest_backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return ((REDUCTION, max(0, args[0].numel() - out.numel())),)


def _grid(operations: Mapping[int, int]) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((POINTWISE, operations[args[2]] * out.numel()),)

    return flops


def _grid_backward(operations: Mapping[int, int]) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((POINTWISE, operations[args[3]] * args[0].numel()),)

    return flops


def _shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, size = args[0], args[1]
    if not x.is_meta or not x.is_floating_point() or x.dim() != 4 or size is None or len(size) != 2:
        return None
    return of_one_layout((x,), [*x.shape[:2], *size])


def _grid_shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, grid = args[0], args[1]
    if not x.is_meta or x.dtype != grid.dtype or not x.dim() == grid.dim() == 4:
        return None
    fits = x.shape[0] == grid.shape[0] and grid.shape[3] == 2
    return fresh([*x.shape[:2], *grid.shape[1:3]], x.dtype) if fits else None


_KINDS = {"linear1d": _LINEAR, "bilinear2d": BILINEAR, "trilinear3d": _TRILINEAR, "bicubic2d": _BICUBIC}
_NEAREST = [f"{name}{d}d" for name in ("upsample_nearest", "_upsample_nearest_exact") for d in (1, 2, 3)]

RULES = {
    **{f"upsample_{kind}": Rule(_forward(n)) for kind, n in _KINDS.items()},
    **{f"upsample_{kind}_backward": Rule(_backward(n)) for kind, n in _KINDS.items()},
    **{name: Rule(no_flops, _shape if name.endswith("2d") else None) for name in _NEAREST},
    **{f"{name}_backward": Rule(_nearest_backward) for name in _NEAREST},
    "upsample_bilinear2d": Rule(_forward(BILINEAR), _shape),
    "grid_sampler_3d": Rule(_grid(_IN_SPACE)),
    "grid_sampler_3d_backward": Rule(_grid_backward(_IN_SPACE)),
    "grid_sampler_2d": Rule(_grid(_ON_MAPS), _grid_shape),
    "grid_sampler_2d_backward": Rule(_grid_backward(_ON_MAPS)),
}
