"""What torch's FlopCounterMode counts on the CPU, for comparison."""

from attnprof.metrics import Findings, Metric
from attnprof.record import Measurement


def follow(found: Findings) -> Measurement:
    """The peer's count, or why it gave none."""
    counted = found.peers.get("flopcounter", "not asked for")
    if isinstance(counted, str):
        return Measurement("flopcounter_macs", None, "count", note=counted)
    return Measurement("flopcounter_macs", counted, "count")


METRIC = Metric(
    unit="count",
    help="MACs as torch's FlopCounterMode counts them on the CPU (some operators left out)",
    title="FlopCounterMode",
    needs="peers",
    follows=follow,
    counter="flopcounter",
)
