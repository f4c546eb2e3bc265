"""The account of a case as a tree: submodules, and the operators that each issued, in the order in which they ran."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf

import torch
from torch import nn

from attnprof.counting import Account, Operator, account
from attnprof.explaining.explanation import Explanation, TreeNode
from attnprof.explaining.growth import Grows, growth
from attnprof.records.case import Case
from attnprof.subject.build import DTYPES, TokensIn, build

_META = torch.device("meta")
_FUSED = "scaled_dot_product"
_Placed = tuple[TreeNode, list[int]]  # a part, and the places of its operators in the order of issue


def explain(case: Case, verify: bool = False) -> Explanation:
    """The counts of ``case`` and the tree of their parts. What building or calling the module raises passes through."""
    train = case.mode == "train"
    module = build(case, _META)

    def count(case: Case = case, **how: bool) -> Account:
        return account(build(case, _META), case.shape, DTYPES[case.dtype], **how)

    found = account(module, case.shape, DTYPES[case.dtype], backward=train)
    fused = any(_FUSED in each.name for each in found.operators)
    differs = ""
    if verify:
        try:
            if count(backward=train, verify=True) != found:
                differs = "the counts of two runs"
        except AssertionError as problem:
            differs = str(problem)
    return Explanation(
        shape=case.shape,
        flops=dict(found.flops_by_category),
        trainable=found.trainable_params,
        bytes=found.bytes_moved,
        minimal_bytes=found.minimal_bytes,
        activations=found.activation_memory,
        unfused_activations=count(backward=train, fused=False).activation_memory if fused else None,
        forward_macs=count(replace(case, mode="eval")).macs if train else found.macs,
        unknown=found.unknown_ops,
        tree=tree(module, found.operators, growth(case)),
        tokens=isinstance(module, TokensIn),
        verified=len(found.operators) if verify else None,
        differs=differs,
    )


def tree(module: nn.Module, operators: Iterable[Operator], grows: Grows) -> TreeNode:
    """The parts of ``module`` that issued ``operators`` or hold parameters."""
    issued: dict[str, list[tuple[int, Operator]]] = defaultdict(list)
    for place, operator in enumerate(operators):
        issued[operator.module].append((place, operator))
    params = _own_params(module)
    root = _part("", "", dict(module.named_modules()), issued, params, grows)[0]
    if isinstance(module, TokensIn):  # ours: what a person asked about is inside
        asked, *ours = sorted(root.parts, key=lambda part: not part.kind)
        return replace(root, kind=asked.kind, parts=(*asked.parts, *ours))
    return root


def _part(
    path: str,
    name: str,
    modules: Mapping[str, nn.Module],
    issued: Mapping[str, list[tuple[int, Operator]]],
    params: Mapping[str, int],
    grows: Grows,
) -> _Placed:
    above = f"{path}." if path else ""
    below = [p for p in modules if p and p.startswith(above) and "." not in p.removeprefix(above)]
    parts = [_part(p, p.removeprefix(above), modules, issued, params, grows) for p in below]
    parts = [each for each in parts if each[1] or each[0].params] + _rows(issued.get(path, []), grows)
    parts.sort(key=lambda each: min(each[1], default=inf))
    places = sorted(place for _, own in parts for place in own)
    whole = TreeNode(
        name=name,
        kind=type(modules[path]).__name__,
        params=params[path] + sum(part.params for part, _ in parts),
        macs=sum(part.macs for part, _ in parts),
        flops=sum(part.flops for part, _ in parts),
        bytes=sum(part.bytes for part, _ in parts),
        grows=grows(places) if places else "",
        parts=tuple(part for part, _ in parts),
    )
    return whole, places


def _rows(issued: list[tuple[int, Operator]], grows: Grows) -> list[_Placed]:
    """One part for all operators of a submodule that are alike in everything."""
    alike: dict[Operator, list[int]] = defaultdict(list)
    for place, operator in issued:
        alike[operator].append(place)
    return [
        (
            TreeNode(
                name=operator.name,
                kind="",
                params=0,
                macs=operator.macs * len(places),
                flops=operator.total_flops * len(places),
                bytes=operator.bytes * len(places),
                grows=grows(places),
                calls=len(places),
                backward=operator.backward,
                shape=operator.out_shape,
            ),
            places,
        )
        for operator, places in alike.items()
    ]


def _own_params(module: nn.Module) -> dict[str, int]:
    """The parameters that each submodule holds itself, a shared one where it is first met."""
    seen: set[torch.Tensor] = set()
    own: dict[str, int] = {}
    for path, part in module.named_modules():
        mine = [p for p in part.parameters(recurse=False) if p not in seen]
        seen.update(mine)
        own[path] = sum(p.numel() for p in mine)
    return own
