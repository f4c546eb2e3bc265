"""An explanation of a case's counts, as data: who issues what, what grows how, what others count, which closed forms hold.

It is made where torch is (explaining/), travels as JSON, and is set as text where torch is not.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class TreeNode:
    """A submodule with all below it, or an operator that one issued, as often as it did so alike.

    name: of the submodule in the one above, or of the operator. kind: the submodule's class; '' for an
    operator. params: of a submodule, those of what is below it included, a shared one where it is first met.
    macs, flops, bytes: of all calls together. grows: with what the FLOPs grow (the bytes, where there are no
    FLOPs), '' where that is no polynomial here. shape: of an operator's output.
    """

    name: str
    kind: str
    params: int
    macs: int
    flops: int
    bytes: int
    grows: str
    calls: int = 1
    backward: bool = False
    shape: tuple[int, ...] = ()
    parts: "tuple[TreeNode, ...]" = ()


@dataclass(frozen=True)
class CounterDifference:
    """One reason why a counter's figure is not ours. macs: what it adds, or, negative, leaves out. what: of which operators."""

    macs: int
    what: str
    why: str


@dataclass(frozen=True)
class CounterReport:
    """What a counter says of one forward pass in eval, and the differences whose sum leads there from our figure.

    macs: None where it says nothing; then the note has the reason.
    """

    counter: str
    macs: int | None
    note: str = ""
    differences: tuple[CounterDifference, ...] = ()


@dataclass(frozen=True)
class FormPiece:
    """A polynomial as text. where: the sizes for which it holds; '' for all. fitted, held: on how many sizes it was made, and tried."""

    polynomial: str
    where: str
    fitted: int
    held: int


@dataclass(frozen=True)
class Form:
    """The closed form of a quantity. more: sizes where yet another polynomial holds; without: where none was found."""

    quantity: str
    pieces: tuple[FormPiece, ...]
    more: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """The counts of one call: totals, and the tree that they are the sums of.

    shape: of the input. activations: most bytes alive at once; unfused_activations: the same where scaled dot
    product attention is not fused, None where the module issues none. forward_macs: of the forward pass in
    eval, which is what others count. unknown: operators without a rule. tokens: the module takes tokens, and
    was given the map's. verified: how many operators' shapes were held to torch's own kernels, None if not
    asked for; differs: what did not agree, '' where all did.
    """

    shape: tuple[int, ...]
    flops: dict[str, int]
    trainable: int
    bytes: int
    minimal_bytes: int
    activations: int
    unfused_activations: int | None
    forward_macs: int
    unknown: tuple[str, ...]
    tree: TreeNode
    tokens: bool = False
    verified: int | None = None
    differs: str = ""

    def to_json(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return asdict(self)


def plain(operator: str) -> str:
    """An operator's name without what only torch's dispatcher needs: 'batch_norm' of 'aten.native_batch_norm.default'."""
    if "scaled_dot_product" in operator:
        return "fused attention"
    name = operator.split(".")[1] if operator.count(".") else operator
    return re.sub(r"^_*(native_)?|_with_indices|_legit(_no_training)?|_data$", "", name).strip("_")
