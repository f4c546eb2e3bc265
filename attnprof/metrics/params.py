"""Learnable elements, a shared tensor counted once."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The count, of the account."""
    assert found.account is not None
    return Measurement("params", found.account.params, "count")


METRIC = Metric(
    unit="count",
    help="Learnable elements, a shared tensor counted once",
    title="params",
    needs="account",
    follows=follow,
)
