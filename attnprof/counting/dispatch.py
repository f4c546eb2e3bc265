"""One pass: what every operator costs, from the module that issued it, while the call runs under a dispatch mode."""

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from attnprof.counting.memory import Alive
from attnprof.counting.rules import UNKNOWN, VIEW, Cost, Rule, find, no_flops
from attnprof.counting.rules.products import bias as added
from attnprof.counting.submodules import Caller

aten = torch.ops.aten
_Tensor = torch.Tensor
_ADD = aten.add.Tensor
_PRODUCTS = frozenset({aten.mm.default, aten.bmm.default, aten.mv.default})
# What autograd does in place where it alone holds the first argument, and not under a dispatch mode.
_REUSING = frozenset(
    {_ADD, aten.scatter.src, aten.scatter_add.default, aten.index_add.default, aten.index_put.default}
)


class OperatorCall(NamedTuple):
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
        self.calls: list[OperatorCall] = []
        self.unknown: set[str] = set()
        self.fused_split = False
        self._caller = caller
        self._alive = alive
        self._fast = fast
        self._verify = verify
        self._unheld = _unheld()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # True, torch's default, imports torch._dynamo: most of a second

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operator, on meta by its shape function where it has one, and note what it cost."""
        kwargs = kwargs or {}
        rule: Rule | None = find(func)
        if rule is VIEW:
            return func(*args, **kwargs)
        if rule is None:
            rule = UNKNOWN
            self.unknown.add(str(func))
        elif func is aten._safe_softmax.default:
            self.fused_split = True  # only torch's unfused attention issues it
        # Under a dispatch mode torch adds a linear's bias, and gradients that meet, out of place; really it does so in
        # place. The old tensor is dropped right after, so that this moment is no peak of the real run. The gradient
        # that was given and views of others are not reused.
        bias = (
            func is _ADD
            and self._after_product()
            and _is_bias(args)
            and sys.getrefcount(args[0]) == self._unheld
        )
        reuses = bias or (
            self._caller.backward
            and func in _REUSING
            and self._alive.is_own(args[0])
            and not args[0]._is_view()
        )
        out = rule.shape(args, kwargs) if self._fast and rule.shape is not None else None
        if out is None:
            out = _stock(func, args, kwargs)
        elif self._verify:
            _compare(func, out, args, kwargs)
        if rule.moves or rule.flops is not no_flops:
            caller = self._caller
            cost: Cost = (added(out),) if bias else rule.flops(args, kwargs, out)
            read = (*(args[1:] if rule.overwrites else args), *kwargs.values())
            self.calls.append(
                OperatorCall(func, cost, _bytes(read, out), caller.path(), caller.backward, _shape(out))
            )
        if rule.scratch is not None:
            self._alive.scratch = rule.scratch(args)
        if isinstance(out, _Tensor):
            self._alive.made(out, not reuses)
        elif isinstance(out, tuple | list):
            for part in out:
                if isinstance(part, _Tensor):
                    self._alive.made(part)
        return out

    def _after_product(self) -> bool:
        return bool(self.calls) and self.calls[-1].operator in _PRODUCTS


def run_fast(func: Any, args: Any, kwargs: Any) -> Any:
    """Run one operator without counting it: on meta by its shape function where it has one."""
    rule = find(func)
    out = rule.shape(args, kwargs) if rule is not None and rule.shape is not None else None
    return _stock(func, args, kwargs) if out is None else out


def _is_bias(args: Any) -> bool:
    a, b = args[0], args[1]
    return isinstance(b, _Tensor) and b.dim() == 1 and a.dim() > 1 and a.shape[-1] == b.shape[0]


@cache
def _unheld() -> int:
    """References to a tensor that no Python code holds, as ``__torch_dispatch__`` counts them: to the sum inside torch's own
    linear, and not to one that a module wrote. It differs between versions of Python, so it is looked up."""
    found: list[int] = []

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            return False

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if func is _ADD:
                found.append(sys.getrefcount(args[0]))
                return args[0]
            return func(*args, **kwargs)

    x, weight, bias = (torch.zeros(shape) for shape in ((2, 3, 5), (3, 3), (3,)))
    with torch.no_grad(), Watch():  # type: ignore[no-untyped-call]
        torch.nn.functional.linear(x.transpose(1, 2), weight, bias)
    return found[0] if found else 0


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
    """Bytes of x's elements that exist: of an expanded side only one, of windows that overlap what they reach."""
    if x.is_contiguous():
        return x.numel() * x.element_size()
    if not x.numel():
        return 0
    n = reach = 1
    for side, stride in zip(x.shape, x.stride(), strict=True):
        if stride:
            n *= side
            reach += (side - 1) * stride
    return min(n, reach) * x.element_size()


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
    pairs = list(
        zip(*(out if isinstance(out, tuple | list) else (out,) for out in (ours, stock)), strict=True)
    )
    name = func._schema.name.removeprefix("aten::")
    for a, b in pairs[:1] if name in _OTHER_STATISTICS else pairs:
        if a is None:
            continue  # a gradient that nobody asked for
        strides = name in _OTHER_ORDER or _strides(a) == _strides(b)
        if a.shape != b.shape or a.dtype != b.dtype or not strides:
            raise AssertionError(
                f"{func}: our shape function says {tuple(a.shape)} {a.stride()} {a.dtype}, "
                f"torch {tuple(b.shape)} {b.stride()} {b.dtype}"
            )


# Meta kernels that do otherwise than every device's: some are never channels last, others are written as several
# operators with an order of dimensions of their own; norms save statistics that no eval mode saves, or of another dtype.
_DECOMPOSED_BACKWARD = "elu gelu hardsigmoid hardswish hardtanh leaky_relu mish sigmoid softplus tanh threshold"  # _backward, all of them
_OTHER_ORDER = frozenset(
    {
        "convolution",
        "floor_divide",
        "heaviside",
        "logaddexp",
        "native_batch_norm",
        "upsample_bilinear2d",
        "xlogy",
    }
    | {f"{name}_backward" for name in _DECOMPOSED_BACKWARD.split()}
)
_OTHER_STATISTICS = frozenset({"native_batch_norm", "native_layer_norm"})


def _strides(x: torch.Tensor) -> list[int]:
    """The strides that matter: those of sides longer than one."""
    return [stride for side, stride in zip(x.shape, x.stride(), strict=True) if side > 1] if x.numel() else []
