"""One pass: what every operator costs, from the module that issued it, while the call runs under a dispatch mode."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from attnprof.counting.memory import Alive
from attnprof.counting.rules import UNKNOWN, Cost, Rule, find
from attnprof.counting.submodules import Caller

aten = torch.ops.aten
_Tensor = torch.Tensor


class Issued(NamedTuple):
    """One operator as it ran: what it cost, its bytes in and out, who issued it and on which pass."""

    operator: torch._ops.OpOverload
    cost: Cost
    bytes: int
    module: str
    backward: bool
    out_shape: tuple[int, ...]


class OnePass(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no annotation
    """While active: every operator is counted and its storages are weighed.

    fast: make outputs on meta by our own shape functions where there is one; without, torch's own kernels run.
    verify: run both and compare; a difference is an AssertionError that names the operator.
    """

    def __init__(self, caller: Caller, alive: Alive, fast: bool = True, verify: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.issued: list[Issued] = []
        self.unknown: set[str] = set()
        self.fused_split = False
        self._caller = caller
        self._alive = alive
        self._fast = fast
        self._verify = verify

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # True, torch's default, imports torch._dynamo: most of a second

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operator, on meta by its shape function where it has one, and note what it cost."""
        kwargs = kwargs or {}
        rule: Rule | None = find(func)
        if rule is None:
            rule = UNKNOWN
            self.unknown.add(str(func))
        elif func is aten._safe_softmax.default:
            self.fused_split = True  # only torch's unfused attention issues it
        out = rule.shape(args, kwargs) if self._fast and rule.shape is not None else None
        if out is None:
            out = _stock(func, args, kwargs)
        elif self._verify:
            _compare(func, out, args, kwargs)
        if not rule.moves and rule.flops is _NO_FLOPS:
            if not func.is_view:
                self._weigh(out, func)
            return out
        caller = self._caller
        self.issued.append(
            Issued(func, rule.flops(args, kwargs, out), _bytes(args, out), caller.path(), caller.backward, _shape(out))
        )
        self._weigh(out, func)
        return out

    def _weigh(self, out: Any, func: Any) -> None:
        # Where autograd accumulates gradients it adds in place, but not under a dispatch mode: the old sum is dropped
        # right after, so that this moment is no peak of the real run.
        accumulates = self._caller.backward and func is aten.add.Tensor
        if isinstance(out, _Tensor):
            self._alive.made(out, not accumulates)
        elif isinstance(out, tuple | list):
            for part in out:
                if isinstance(part, _Tensor):
                    self._alive.made(part)


_NO_FLOPS = UNKNOWN.flops


def _stock(func: Any, args: Any, kwargs: Any) -> Any:
    """Torch's own kernel. A constant that the module made on the CPU is taken along to meta where it meets a meta tensor."""
    if any(x.is_meta for x in _tensors((*args, *kwargs.values()))):
        args = [_on_meta(a) for a in args]
        kwargs = {name: _on_meta(a) for name, a in kwargs.items()}
        if kwargs.get("device") is not None and func is not aten._to_copy.default:
            kwargs["device"] = torch.device("meta")
    return func(*args, **kwargs)


def _on_meta(value: Any) -> Any:
    if isinstance(value, _Tensor):
        if value.is_meta or value.dim() == 0:
            return value
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="meta")
    if isinstance(value, list | tuple) and any(isinstance(part, _Tensor) for part in value):
        return [_on_meta(part) for part in value]
    return value


def _tensors(values: Sequence[Any]) -> list[torch.Tensor]:
    found = []
    for value in values:
        if isinstance(value, _Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found.extend(part for part in value if isinstance(part, _Tensor))
    return found


def _bytes(args: Sequence[Any], out: Any) -> int:
    """What is read and written: every distinct tensor among the inputs, and the outputs."""
    total = 0
    seen: list[Any] = []
    for value in args:
        if isinstance(value, _Tensor):
            if not any(value is other for other in seen):
                seen.append(value)
                total += _size(value)
        elif isinstance(value, list | tuple):
            total += sum(_size(part) for part in value if isinstance(part, _Tensor))
    if isinstance(out, _Tensor):
        return total + _size(out)
    return (
        total + sum(_size(part) for part in out if isinstance(part, _Tensor))
        if isinstance(out, tuple | list)
        else total
    )


def _size(x: torch.Tensor) -> int:
    """Bytes of x's elements that exist: of an expanded side only one."""
    if x.is_contiguous():
        return x.numel() * x.element_size()
    n = x.element_size()
    for side, stride in zip(x.shape, x.stride(), strict=True):
        if stride:
            n *= side
    return n


def _shape(out: Any) -> tuple[int, ...]:
    if isinstance(out, _Tensor):
        return tuple(out.shape)
    return (
        next((tuple(part.shape) for part in out or () if isinstance(part, _Tensor)), ())
        if isinstance(out, tuple | list)
        else ()
    )


def _compare(func: Any, ours: Any, args: Any, kwargs: Any) -> None:
    """Hold a shape function's answer to what torch's own meta kernel says."""
    if ours is args[0]:
        return  # in place
    stock = func(*args, **kwargs)
    pairs = zip(_tensors([ours]), _tensors([stock]), strict=True)
    for a, b in pairs:
        if a.shape != b.shape or a.dtype != b.dtype or _strides(a) != _strides(b):
            raise AssertionError(
                f"{func}: our shape function says {tuple(a.shape)} {a.stride()} {a.dtype}, "
                f"torch {tuple(b.shape)} {b.stride()} {b.dtype}"
            )


def _strides(x: torch.Tensor) -> list[int]:
    """The strides that matter: those of sides longer than one."""
    return [stride for side, stride in zip(x.shape, x.stride(), strict=True) if side > 1] if x.numel() else []
