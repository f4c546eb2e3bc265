"""Learnable elements that a gradient reaches."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The count, of the account."""
    assert found.account is not None
    return Measurement("trainable_params", found.account.trainable_params, "count")


METRIC = Metric(
    unit="count",
    help="Learnable elements that a gradient reaches",
    title="trainable",
    needs="account",
    follows=follow,
)
