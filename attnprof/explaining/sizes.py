"""A case at other sizes: its account by (C, H, W), each size counted once."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from attnprof.catalogue import entry
from attnprof.counting import Account
from attnprof.grid import Point
from attnprof.records.case import Case
from attnprof.subject.counts import account_by_shapes


def counted(case: Case) -> Callable[[Point], Account | None]:
    """The account of ``case`` at any size; None for a size that the module does not take, and for one that
    reads values: real runs at hundreds of sizes would take too long."""
    module, settings = entry(case.module), case.hyperparameters
    train = case.mode == "train"

    @cache
    def account_at(point: Point) -> Account | None:
        if module.refusal(*point, settings, batch=case.batch, train=train):
            return None
        channels, height, width = point
        try:
            return account_by_shapes(replace(case, channels=channels, height=height, width=width))
        except Exception:  # noqa: BLE001 # a user's module may raise anything for a size it does not take
            return None

    return account_at
