"""Rules: what each aten operator costs, one family of operators per file, each exporting RULES.

A rule's ``flops`` is a pure function of shapes: it reads shapes, dtypes and plain arguments, never values, so it says the
same of meta tensors and of real ones. Its ``shape`` makes the operator's output on the meta device without calling torch's
own meta kernel, several of which are Python and take up to milliseconds; None where the stock kernel is fast enough.
A shape function answers None for what it does not know (odd strides, mixed dtypes): then the stock kernel is called.
docs/counting.md is the definition that the files keep to.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import torch

from attnprof.counting.rules._meta import broadcast

MAC, BIAS, POINTWISE, REDUCTION = "mac", "bias", "pointwise", "reduction"
NORM, SOFTMAX, TRANSCENDENTAL, FFT = "norm", "softmax", "transcendental", "fft"
CATEGORIES = (MAC, BIAS, POINTWISE, REDUCTION, NORM, SOFTMAX, TRANSCENDENTAL, FFT)

Cost = tuple[tuple[str, int], ...]
Scratch = Callable[[tuple[Any, ...]], int]
Flops = Callable[[tuple[Any, ...], dict[str, Any], Any], Cost]
Shape = Callable[[tuple[Any, ...], dict[str, Any]], Any]

FREE: Cost = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One operator. flops(args, kwargs, out): (category, FLOPs) pairs. shape(args, kwargs): its output on meta, or None.

    moves: False for an operator that neither reads nor writes an element, such as a view. scratch(args): bytes that the
    kernel takes for itself while it runs. overwrites: the first argument is written or gives a shape, and is not read.
    """

    flops: Flops
    shape: Shape | None = None
    moves: bool = True
    scratch: Scratch | None = None
    overwrites: bool = False


def no_flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """What moves elements, or does nothing, computes nothing."""
    return FREE


UNKNOWN = Rule(no_flops)
VIEW = Rule(no_flops, moves=False)


def find(operator: torch._ops.OpOverload) -> Rule | None:
    """The rule of an operator; None where there is none. An in-place variant has the rule of its plain form."""
    found = _RESOLVED.get(operator)
    if found is None and operator not in _RESOLVED:
        found = _RESOLVED[operator] = _resolve(operator)
    return found


_RESOLVED: dict[torch._ops.OpOverload, Rule | None] = {}
_BY_NAME: dict[str, Rule] = {}


def _resolve(operator: torch._ops.OpOverload) -> Rule | None:
    if not _BY_NAME:
        _BY_NAME.update(_all())
    namespace, _, name = operator._schema.name.partition("::")
    if namespace not in ("aten", "prims"):
        return None
    rule = _BY_NAME.get(name)
    if rule is None and name.endswith("_") and not name.startswith("__"):
        plain = _BY_NAME.get(name[:-1])
        rule = None if plain is None else replace(plain, shape=None if name in _NOT_ITS_INPUT else in_place)
    if rule is None and (operator.is_view or name in _VIEWS_IN_PLACE):
        return VIEW
    if (
        rule is not None
        and rule.shape is not None
        and any(each.is_out for each in operator._schema.arguments)
    ):
        return replace(rule, shape=None)  # it writes to a tensor that is there
    return rule


def in_place(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Shape function: the output is the first input. What torch might refuse to write into it is left to torch."""
    x = args[0]
    if not x.is_meta or not x.is_floating_point() or 0 in x.stride():
        return None
    for other in args[1:]:
        if (
            isinstance(other, torch.Tensor)
            and other.shape != x.shape
            and broadcast(x.shape, other.shape) != [*x.shape]
        ):
            return None
    return x


_NOT_ITS_INPUT = ("resize_", "addmm_", "addmv_", "addr_", "addbmm_", "baddbmm_")  # or not by broadcasting
_VIEWS_IN_PLACE = ("unsqueeze_", "squeeze_", "t_", "transpose_", "detach_", "as_strided_")


def _all() -> Iterator[tuple[str, Rule]]:
    for found in iter_modules(__path__):
        if not found.name.startswith("_"):
            rules: Mapping[str, Rule] = import_module(f"{__name__}.{found.name}").RULES
            yield from rules.items()
