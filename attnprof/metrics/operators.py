"""What ran, kind by kind of operator: what the counts of others can be told from. On request."""

import json
from math import prod
from typing import TYPE_CHECKING

from attnprof.metrics import Findings, Metric, Reading
from attnprof.records.case import ELEMENT_BYTES

if TYPE_CHECKING:
    from attnprof.counting.account import Operator

USUAL_WINDOW = 9  # elements of a maximum's window
INDICES = {"max_pool2d_with_indices": 8}  # bytes per element of a second output, which is no element read


def compute(findings: Findings) -> Reading:
    """JSON: operator -> [calls, elements read, elements written, MACs, biases added] of the forward pass.

    What pools the channels, and not the map, has '@channels' behind its name; a maximum over windows of other
    than 3x3 elements has their number: '@4'.
    """
    assert findings.account is not None
    size = ELEMENT_BYTES[findings.case.dtype]
    kinds: dict[str, list[int]] = {}
    for each in findings.account.operators:
        if each.backward:
            continue
        name = each.name.removeprefix("aten.").partition(".")[0].rstrip("_")
        written = prod(each.out_shape)
        read = (each.bytes - INDICES.get(name, 0) * written) // size - written
        biases = sum(count for category, count in each.flops if category == "bias")
        kind = kinds.setdefault(name + _pooling(name, each), [0] * 5)
        for n, value in enumerate((1, read, written, each.macs, biases)):
            kind[n] += value
    text = json.dumps(dict(sorted(kinds.items())), separators=(",", ":"))
    return Reading(text)


def _pooling(name: str, operator: "Operator") -> str:
    """What a kind of pooling has behind its name, because counters tell it apart."""
    if name in ("mean", "amax") and len(operator.out_shape) == 4 and operator.out_shape[1] == 1:
        return "@channels"
    if name == "max_pool2d_with_indices":
        comparisons = sum(count for _, count in operator.flops)
        elements = comparisons // prod(operator.out_shape) + 1  # of a window
        return "" if elements == USUAL_WINDOW else f"@{elements}"
    return ""


METRIC = Metric(
    kind="text",
    title="operators",
    help="Calls, elements read, elements written and MACs of each kind of operator, as JSON",
    needs="account",
    compute=compute,
    better="",
    place=310,
    keep=2,
    shown=False,
    usual=False,
)
