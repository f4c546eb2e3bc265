"""Learnable elements of submodules that have none of their own: what thop sees of a module. On request."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The count, of the account."""
    assert found.account is not None
    return Measurement("leaf_params", found.account.leaf_params, "count")


METRIC = Metric(
    unit="count",
    help="Learnable elements of submodules without submodules: bare parameters of others are left out",
    title="leaf params",
    needs="account",
    follows=follow,
    usual=False,
)
