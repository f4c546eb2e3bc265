"""What every operator reads and writes: the traffic of an eager run whose caches hold nothing."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The count, of the account."""
    assert found.account is not None
    return Measurement("bytes_moved", found.account.bytes_moved, "bytes")


METRIC = Metric(
    unit="bytes",
    help="Bytes that every operator reads and writes",
    title="moved",
    needs="account",
    follows=follow,
)
