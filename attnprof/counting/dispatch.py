"""One pass under a dispatch mode: what every operator costs, and which submodule called it."""

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from attnprof.counting.guard import Guard
from attnprof.counting.kernels import KernelRunner, run_in_parts
from attnprof.counting.memory import LiveMemory
from attnprof.counting.rules import COMPOSITE, FREE, UNKNOWN, VIEW, Cost, Rule, find, find_whole
from attnprof.counting.rules.products import bias
from attnprof.counting.submodules import SubmoduleTracker
from attnprof.counting.tensors import bytes_moved, outputs_of, shape_of, tensors_in
from attnprof.counting.verification import check_output

aten = torch.ops.aten
_PLAIN_TENSORS = frozenset({torch.Tensor, torch.nn.Parameter})
_ADD = aten.add.Tensor
_UNFUSED_ATTENTION = aten._safe_softmax.default  # only torch's unfused attention calls it
_PRODUCTS = frozenset({aten.mm.default, aten.bmm.default, aten.mv.default})
# What autograd does in place where it alone holds the first argument, and not under a dispatch mode.
_REUSING = frozenset(
    {_ADD, aten.scatter.src, aten.scatter_add.default, aten.index_add.default, aten.index_put.default}
)


class OperatorCall(NamedTuple):
    """One operator as it ran."""

    operator: torch._ops.OpOverload
    cost: Cost
    bytes: int  # read and written
    module: str  # path of the submodule that called it
    backward: bool
    out_shape: tuple[int, ...]  # of the first output; empty where there is none


class CountingMode(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no annotation
    """While active: counts every operator, and the bytes of its outputs.

    Outputs on meta come from our own shape functions where there is one. verify: compare each with torch's
    own kernel; a difference is an AssertionError that names the operator. guard: of a run that computes.
    """

    def __init__(
        self,
        tracker: SubmoduleTracker,
        memory: LiveMemory,
        kernels: KernelRunner,
        *,
        verify: bool = False,
        guard: Guard | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch has no annotation
        self.calls: list[OperatorCall] = []
        self.unknown: set[str] = set()  # names of operators without a rule
        self.has_unfused_attention = False
        self._tracker = tracker
        self._memory = memory
        self._kernels = kernels
        self._verify = verify
        self._guard = guard
        self._references = _references_to_a_temporary()

    supports_higher_order_operators = True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # True, torch's default, imports torch._dynamo: most of a second

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operator, on meta by its shape function where it has one, and note what it cost."""
        kwargs = kwargs or {}
        if types and not _PLAIN_TENSORS.issuperset(types):
            return NotImplemented  # a subclass runs its own operators: those arrive here
        rule = find(func)
        if rule is VIEW:
            return func(*args, **kwargs)
        if rule is COMPOSITE:
            if not any(x.is_nested for x in tensors_in(args)):
                with self:
                    return run_in_parts(func, args, kwargs)
            rule = find_whole(func)
        if rule is None:
            rule = UNKNOWN
            self.unknown.add(str(func))
        return self._counted(func, rule, args, kwargs)

    def _counted(self, func: Any, rule: Rule, args: Any, kwargs: Any) -> Any:
        if func is _UNFUSED_ATTENTION:
            self.has_unfused_attention = True
        adds_bias = func is _ADD and self._adds_bias(args)
        # Under a dispatch mode torch adds a linear's bias, and gradients that meet, out of place; the real
        # run does so in place. The old tensor is dropped right after, so that this moment is no peak of the
        # real run.
        in_place = adds_bias or (self._tracker.backward and self._reuses_gradient(func, args))
        if self._guard is not None:
            self._guard.check(func, args, kwargs, self._memory.alive)
        out = self._run(func, rule, args, kwargs)
        outputs = outputs_of(out)
        if rule.is_noted:
            cost = (bias(out),) if adds_bias else rule.flops(args, kwargs, out)
            self._note(func, cost, _read(rule, args, kwargs), outputs)
        scratch = 0 if rule.scratch is None else rule.scratch(args)
        self._memory.add(outputs, scratch, may_be_peak=not in_place)
        return out

    def _note(
        self, func: Any, cost: Cost | None, read: Sequence[Any], outputs: Sequence[torch.Tensor]
    ) -> None:
        """Add the operator to the calls. cost: None where its rule does not know."""
        if cost is None:
            cost = FREE
            self.unknown.add(str(func))
        shape = shape_of(outputs[0]) if outputs else ()
        tracker = self._tracker
        moved = bytes_moved(read, outputs)
        self.calls.append(OperatorCall(func, cost, moved, tracker.path(), tracker.backward, shape))

    def _run(self, func: Any, rule: Rule, args: Any, kwargs: Any) -> Any:
        by_shape = rule.shape
        if self._kernels.keeps_values and self._kernels.computes(func):
            by_shape = None
        out = by_shape(args, kwargs) if by_shape is not None else None
        if out is None:
            return self._kernels.run(func, args, kwargs)
        if self._verify:
            check_output(func, out, args, kwargs)
        return out

    def _adds_bias(self, args: Any) -> bool:
        """Whether this sum is that of a linear's product, which no Python code holds, and its bias."""
        follows_product = bool(self.calls) and self.calls[-1].operator in _PRODUCTS
        return follows_product and _is_bias(args) and sys.getrefcount(args[0]) == self._references

    def _reuses_gradient(self, func: Any, args: Any) -> bool:
        """Whether its result takes the place of a gradient that backward created: no input and no view."""
        return func in _REUSING and self._memory.owns(args[0]) and not args[0]._is_view()


def _read(rule: Rule, args: Any, kwargs: Any) -> Sequence[Any]:
    """The arguments that the operator reads."""
    positional = args[1:] if rule.overwrites else args
    return (*positional, *kwargs.values()) if kwargs else positional


def run_uncounted(func: Any, args: Any, kwargs: Any) -> Any:
    """Run one operator without counting it: on meta by its shape function where it has one."""
    rule = find(func)
    out = rule.shape(args, kwargs) if rule is not None and rule.shape is not None else None
    return KernelRunner(keeps_values=False).run(func, args, kwargs) if out is None else out


def _is_bias(args: Any) -> bool:
    a, b = args[0], args[1]
    return isinstance(b, torch.Tensor) and b.dim() == 1 and a.dim() > 1 and a.shape[-1] == b.shape[0]


@cache
def _references_to_a_temporary() -> int:
    """References, seen from ``__torch_dispatch__``, to a tensor that no Python code holds.

    The product inside torch's own linear is such a tensor. The number differs between versions of Python, so
    that it is measured.
    """
    references: list[int] = []

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no annotation
        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            return False

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if func is _ADD:
                references.append(sys.getrefcount(args[0]))
                return args[0]
            return func(*args, **kwargs)

    x, weight, bias = (torch.zeros(shape) for shape in ((2, 3, 5), (3, 3), (3,)))
    with torch.no_grad(), Watch():  # type: ignore[no-untyped-call] # torch has no annotation
        torch.nn.functional.linear(x.transpose(1, 2), weight, bias)
    return references[0] if references else 0
