"""FLOPs per byte moved."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The ratio of two exact counts."""
    assert found.account is not None
    if not found.account.bytes_moved:
        return Measurement("arithmetic_intensity", None, "FLOP/byte", note="no operator moves a byte")
    return Measurement("arithmetic_intensity", found.account.arithmetic_intensity, "FLOP/byte")


METRIC = Metric(
    unit="FLOP/byte",
    help="FLOPs per byte moved",
    title="FLOP/byte",
    needs="account",
    follows=follow,
)
