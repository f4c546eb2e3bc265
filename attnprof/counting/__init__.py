"""Exact counts of a module at a shape, on meta tensors: no memory, no computation, any resolution.

``cost`` counts any nn.Module, or one named in the catalogue, and leaves it as it was. ``account`` counts a
module that is on the meta device already. docs/counting.md defines the counts; rules/ states them operator by
operator.
"""

from attnprof.counting.account import META, REAL, Account, Operator, account, account_of
from attnprof.counting.building import on_meta
from attnprof.counting.costing import call_stand_in, cost
from attnprof.counting.dispatch import run_uncounted
from attnprof.counting.kernels import UnreadableValueError
from attnprof.counting.stand_in import without_data
from attnprof.counting.tensors import first_tensor, tensors_below

__all__ = [
    "META",
    "REAL",
    "Account",
    "Operator",
    "UnreadableValueError",
    "account",
    "account_of",
    "call_stand_in",
    "cost",
    "first_tensor",
    "on_meta",
    "run_uncounted",
    "tensors_below",
    "without_data",
]
