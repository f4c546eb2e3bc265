"""Exact counts of a module at a shape, on meta tensors: no memory, no compute, any resolution.

``cost`` is the door for people: any nn.Module or a name, left as it was. ``account`` is the one for a module that is on the
meta device already. docs/counting.md defines what they count; rules/ has it operator by operator.
"""

from attnprof.counting.account import Account, Operator, account, account_of
from attnprof.counting.building import on_meta
from attnprof.counting.costing import cost, without_data

__all__ = ["Account", "Operator", "account", "account_of", "cost", "on_meta", "without_data"]
