"""Exact counts of a module at a shape, on meta tensors: no memory, no compute, any resolution.

``account`` is the one door: whoever needs counts comes through it.
"""

from attnprof.counting.account import Account, account

__all__ = ["Account", "account"]
