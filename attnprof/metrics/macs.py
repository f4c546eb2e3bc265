"""Multiply-accumulates of convolution, linear, matmul and attention products, of the whole batch."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The count, of the account."""
    assert found.account is not None
    return Measurement("macs", found.account.macs, "count")


METRIC = Metric(
    unit="count",
    help="Multiply-accumulates of convolution, linear, matmul and attention products, of the whole batch",
    title="MACs",
    needs="account",
    follows=follow,
)
