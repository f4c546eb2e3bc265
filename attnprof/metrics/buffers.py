"""Elements of floating-point buffers, such as running statistics."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The count, of the account."""
    assert found.account is not None
    return Measurement("buffers", found.account.buffers, "count")


METRIC = Metric(
    unit="count",
    help="Elements of floating-point buffers, such as running statistics",
    title="buffers",
    needs="account",
    follows=follow,
)
