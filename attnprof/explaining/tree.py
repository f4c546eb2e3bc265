"""The account of a case as a tree: submodules and the operators that each called, in order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf

import torch
from torch import nn

from attnprof.counting import REAL, Account, Operator
from attnprof.explaining.explanation import Explanation, TreeNode
from attnprof.explaining.growth import Growth, growth
from attnprof.records.case import Case
from attnprof.subject.calling import Adapted
from attnprof.subject.counts import module_and_account, remarks

_FUSED = "scaled_dot_product"


@dataclass(frozen=True)
class _Placed:
    """A node of the tree, and the places of its operators in the order of calls."""

    node: TreeNode
    places: list[int]


@dataclass(frozen=True)
class _PlacedCall:
    """An operator, and its place in the order of calls."""

    place: int
    operator: Operator


def explain(case: Case, verify: bool = False) -> Explanation:
    """The counts of ``case`` and their tree. Exceptions of building or calling the module pass through."""
    train = case.mode == "train"
    module, counted = module_and_account(case, backward=train)
    is_fused = any(_FUSED in operator.name for operator in counted.operators)
    unfused = _recount(case, backward=train, fused=False) if is_fused else None
    forward = _recount(replace(case, mode="eval")) if train else counted
    return Explanation(
        shape=case.shape,
        flops=dict(counted.flops_by_category),
        trainable=counted.trainable_params,
        bytes=counted.bytes_moved,
        minimal_bytes=counted.minimal_bytes,
        activations=counted.activation_memory,
        unfused_activations=None if unfused is None else unfused.activation_memory,
        forward_macs=forward.macs,
        unknown=counted.unknown_ops,
        tree=tree(module, counted.operators, growth(case)),
        remarks=remarks(case, module, counted.output_shape),
        verified=len(counted.operators) if verify else None,
        is_real=counted.inputs == REAL,
        differs=_difference(case, counted) if verify else "",
    )


def _recount(case: Case, **options: bool) -> Account:
    """The account of ``case``, with these options of ``account``."""
    return module_and_account(case, **options)[1]


def _difference(case: Case, counted: Account) -> str:
    """Where a second count, compared with torch's own kernels, differs from the first; '' for nowhere."""
    try:
        verified = _recount(case, backward=case.mode == "train", verify=True)
    except AssertionError as problem:
        return str(problem)
    return "" if verified == counted else "the counts of two runs"


def tree(module: nn.Module, operators: Iterable[Operator], growth_of: Growth) -> TreeNode:
    """The parts of ``module`` that called ``operators`` or hold parameters."""
    root = _Tree(module, operators, growth_of).node("", "").node
    if isinstance(module, Adapted):  # our adapter: the tree is that of the module inside it
        inside, *adapter = sorted(root.parts, key=lambda part: not part.kind)
        return replace(root, kind=inside.kind, parts=(*inside.parts, *adapter))
    return root


class _Tree:
    """The submodules of a module, and the operators that each called."""

    def __init__(self, module: nn.Module, operators: Iterable[Operator], growth_of: Growth) -> None:
        self._modules = dict(module.named_modules())
        self._params = _own_params(module)
        self._growth_of = growth_of
        self._calls: dict[str, list[_PlacedCall]] = defaultdict(list)
        for place, operator in enumerate(operators):
            self._calls[operator.module].append(_PlacedCall(place, operator))

    def node(self, path: str, name: str) -> _Placed:
        """The submodule at ``path`` with everything below it."""
        parts = self._parts(path)
        places = sorted(place for part in parts for place in part.places)
        nodes = tuple(part.node for part in parts)
        whole = TreeNode(
            name=name,
            kind=type(self._modules[path]).__name__,
            params=self._params[path] + sum(node.params for node in nodes),
            macs=sum(node.macs for node in nodes),
            flops=sum(node.flops for node in nodes),
            bytes=sum(node.bytes for node in nodes),
            grows=self._growth_of(places) if places else "",
            parts=nodes,
        )
        return _Placed(whole, places)

    def _parts(self, path: str) -> list[_Placed]:
        """The submodules and operators just below ``path``, in the order of their first calls."""
        prefix = f"{path}." if path else ""
        children = [self.node(child, child.removeprefix(prefix)) for child in self._children(path, prefix)]
        parts = [child for child in children if child.places or child.node.params]
        parts += self._operators(self._calls.get(path, []))
        return sorted(parts, key=lambda part: min(part.places, default=inf))

    def _children(self, path: str, prefix: str) -> list[str]:
        below = [other for other in self._modules if other.startswith(prefix) and other != path]
        return [other for other in below if "." not in other.removeprefix(prefix)]

    def _operators(self, calls: Sequence[_PlacedCall]) -> list[_Placed]:
        """One node for all calls of a submodule that are equal in everything."""
        places: dict[Operator, list[int]] = defaultdict(list)
        for call in calls:
            places[call.operator].append(call.place)
        return [_Placed(self._operator(operator, own), own) for operator, own in places.items()]

    def _operator(self, operator: Operator, places: list[int]) -> TreeNode:
        return TreeNode(
            name=operator.name,
            kind="",
            params=0,
            macs=operator.macs * len(places),
            flops=operator.total_flops * len(places),
            bytes=operator.bytes * len(places),
            grows=self._growth_of(places),
            calls=len(places),
            backward=operator.backward,
            shape=operator.out_shape,
        )


def _own_params(module: nn.Module) -> dict[str, int]:
    """The parameters that each submodule holds itself, a shared one where it first occurs."""
    counted: set[torch.Tensor] = set()
    own: dict[str, int] = {}
    for path, part in module.named_modules():
        new = [parameter for parameter in part.parameters(recurse=False) if parameter not in counted]
        counted.update(new)
        own[path] = sum(parameter.numel() for parameter in new)
    return own
