"""The explanation of a case's counts, as data: its tree of operators, other counters' figures, closed forms.

It is computed where torch is, travels as JSON, and is printed where torch is not.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class TreeNode:
    """A submodule with everything below it, or equal calls of one operator."""

    name: str  # of the submodule in its parent, or of the operator
    kind: str  # the submodule's class; '' for an operator
    params: int  # of a submodule and all below it, a shared tensor where it first occurs
    macs: int  # macs, flops and bytes: of all calls together
    flops: int
    bytes: int
    grows: str  # how the FLOPs grow, or the bytes without FLOPs; '' where that is no polynomial
    calls: int = 1
    backward: bool = False
    shape: tuple[int, ...] = ()  # of an operator's output
    parts: "tuple[TreeNode, ...]" = ()


@dataclass(frozen=True)
class CounterDifference:
    """One reason why a counter's figure is not ours."""

    macs: int  # that the counter adds; negative: leaves out
    what: str  # the operators
    why: str  # the counter's rule, in words


@dataclass(frozen=True)
class CounterReport:
    """A counter's figure for one forward pass in eval, and the differences that lead there from ours."""

    counter: str
    macs: int | None  # None where the counter failed
    note: str = ""  # why it failed
    differences: tuple[CounterDifference, ...] = ()


@dataclass(frozen=True)
class FormPiece:
    """A polynomial as text."""

    polynomial: str
    where: str  # the sizes for which it holds; '' for all
    fitted: int  # sizes that it was computed from
    held: int  # further sizes on which it was checked


@dataclass(frozen=True)
class Form:
    """The closed form of a quantity."""

    quantity: str
    pieces: tuple[FormPiece, ...]
    more: tuple[str, ...] = ()  # sizes where yet another polynomial holds
    without: tuple[str, ...] = ()  # sizes without a polynomial


@dataclass(frozen=True)
class Explanation:
    """The counts of one call: totals, and the tree of their parts."""

    shape: tuple[int, ...]  # of the input
    flops: dict[str, int]  # by category
    trainable: int
    bytes: int
    minimal_bytes: int
    activations: int  # the most bytes allocated at once
    unfused_activations: int | None  # without fused attention; None where the module calls none
    forward_macs: int  # of the forward pass in eval: what other counters count
    unknown: tuple[str, ...]  # operators without a rule
    tree: TreeNode
    remarks: tuple[str, ...] = ()  # how the module was built and called, and what it gives
    verified: int | None = None  # operators whose shapes were compared with torch's own kernels
    is_real: bool = False  # values of the input are read: a real run was counted
    differs: str = ""  # the difference that verification found

    def to_json(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return asdict(self)


def plain(operator: str) -> str:
    """An operator's name without affixes: 'batch_norm' of 'aten.native_batch_norm.default'."""
    if "scaled_dot_product" in operator:
        return "fused attention"
    name = operator.split(".")[1] if operator.count(".") else operator
    return re.sub(r"^_*(native_)?|_with_indices|_legit(_no_training)?|_data$", "", name).strip("_")
