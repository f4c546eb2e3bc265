"""Rules: the cost of each aten operator, one family of operators per file, each exporting RULES.

A rule's ``flops`` is a pure function of shapes: it reads shapes, dtypes and plain arguments, never values, so
that meta tensors and real ones cost the same. Its ``shape`` creates the operator's output on the meta device
without torch's own meta kernel, several of which are Python and take up to milliseconds. A shape function
returns None for arguments that it does not handle (odd strides, mixed dtypes): then torch's kernel is called.
docs/counting.md defines the counts.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import torch
from torch._ops import HigherOrderOperator

from attnprof.counting.rules._meta import broadcast

MAC, BIAS, POINTWISE, REDUCTION = "mac", "bias", "pointwise", "reduction"
NORM, SOFTMAX, TRANSCENDENTAL, FFT = "norm", "softmax", "transcendental", "fft"
CATEGORIES = (MAC, BIAS, POINTWISE, REDUCTION, NORM, SOFTMAX, TRANSCENDENTAL, FFT)

Operator = torch._ops.OpOverload | HigherOrderOperator
Cost = tuple[tuple[str, int], ...]
Scratch = Callable[[tuple[Any, ...]], int]
Flops = Callable[[tuple[Any, ...], dict[str, Any], Any], Cost]
MaybeFlops = Callable[[tuple[Any, ...], dict[str, Any], Any], Cost | None]
Shape = Callable[[tuple[Any, ...], dict[str, Any]], Any]

FREE: Cost = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """The cost of one operator, and a fast way to its output on meta."""

    flops: MaybeFlops  # of (args, kwargs, out): pairs of category and FLOPs; None where it does not know
    shape: Shape | None = (
        None  # of (args, kwargs): the output on meta, or None; without it torch's kernel runs
    )
    moves: bool = True  # False for an operator that neither reads nor writes an element, such as a view
    scratch: Scratch | None = None  # of args: bytes that the kernel allocates for itself while it runs
    overwrites: bool = False  # the first argument is written, or only its shape is read
    is_noted: bool = field(init=False)  # it moves or computes: False for a view and the like

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_noted", self.moves or self.flops is not no_flops)


def no_flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """The cost of operators that compute nothing."""
    return FREE


UNKNOWN = Rule(no_flops)
VIEW = Rule(no_flops, moves=False)
COMPOSITE = Rule(no_flops, moves=False)  # of an operator that torch takes apart: its parts are counted


def find(operator: Operator) -> Rule | None:
    """The rule of an operator, of an in-place variant that of its plain form; None where there is none.

    An operator that takes functions, such as flex_attention, is COMPOSITE.
    """
    entry = _RESOLVED.get(id(operator))
    if entry is None:
        entry = _RESOLVED[id(operator)] = operator, _resolve(operator)
    return entry[1]


def find_whole(operator: torch._ops.OpOverload) -> Rule | None:
    """The rule of an operator that is not taken apart although it could be, as on nested tensors."""
    return _BY_NAME.get(operator._schema.name.removeprefix("aten::"))


# By id, as torch's hash of an operator is slow; the operator beside its rule keeps the id its own.
_RESOLVED: dict[int, tuple[Operator, Rule | None]] = {}
_BY_NAME: dict[str, Rule] = {}


def _resolve(operator: Operator) -> Rule | None:
    if isinstance(operator, HigherOrderOperator):
        return COMPOSITE
    if not _BY_NAME:
        _BY_NAME.update(_all_rules())
    namespace, _, name = operator._schema.name.partition("::")
    if namespace not in ("aten", "prims"):
        return _BY_NAME.get(operator._schema.name)
    is_composite = _is_composite(operator)
    if is_composite and not _has_kernel(operator, torch._C.DispatchKey.CPU):
        return COMPOSITE
    rule = _torchs_rule(operator, name)
    return COMPOSITE if rule is None and is_composite else rule


def _torchs_rule(operator: torch._ops.OpOverload, name: str) -> Rule | None:
    """name: the operator's, without its namespace."""
    rule = _BY_NAME.get(name) or _in_place_rule(name) or _moving_rule(operator, name)
    if rule is None or rule.shape is None or not _writes_to_out(operator):
        return rule
    return replace(rule, shape=None)


def _writes_to_out(operator: torch._ops.OpOverload) -> bool:
    """Whether its output is a tensor that exists already."""
    return any(argument.is_out for argument in operator._schema.arguments)


def _is_composite(operator: torch._ops.OpOverload) -> bool:
    """Whether torch takes it apart, above every dispatch mode except in inference mode."""
    return _has_kernel(operator, torch._C.DispatchKey.CompositeImplicitAutograd)


def _has_kernel(operator: torch._ops.OpOverload, key: torch._C.DispatchKey) -> bool:
    name = operator.name()  # type: ignore[no-untyped-call] # torch has no annotation
    return torch._C._dispatch_has_kernel_for_dispatch_key(name, key)


def _moving_rule(operator: torch._ops.OpOverload, name: str) -> Rule | None:
    """The rule of a view, or of the copy of a view; None for another operator."""
    if operator.is_view or name in _VIEWS_IN_PLACE:
        return VIEW
    view = getattr(torch.ops.aten, name.removesuffix("_copy"), None) if name.endswith("_copy") else None
    is_copy = view is not None and any(getattr(view, each).is_view for each in view.overloads())
    return Rule(no_flops) if is_copy else None


def _in_place_rule(name: str) -> Rule | None:
    """The rule of ``add`` for ``add_``."""
    if not name.endswith("_") or name.startswith("__"):
        return None
    rule = _BY_NAME.get(name[:-1])
    return None if rule is None else replace(rule, shape=None if name in _NOT_ITS_INPUT else in_place)


def in_place(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Shape function: the output is the first input; None where torch might refuse to write to it."""
    x = args[0]
    if not x.is_meta or not x.is_floating_point() or 0 in x.stride():
        return None
    others = [other for other in args[1:] if isinstance(other, torch.Tensor) and other.shape != x.shape]
    return x if all(broadcast(x.shape, other.shape) == [*x.shape] for other in others) else None


_NOT_ITS_INPUT = ("resize_", "addmm_", "addmv_", "addr_", "addbmm_", "baddbmm_")  # or not by broadcasting
_VIEWS_IN_PLACE = ("unsqueeze_", "squeeze_", "t_", "transpose_", "detach_", "as_strided_")


def _all_rules() -> Iterator[tuple[str, Rule]]:
    for file in iter_modules(__path__):
        if not file.name.startswith("_"):
            rules: Mapping[str, Rule] = import_module(f"{__name__}.{file.name}").RULES
            yield from rules.items()
