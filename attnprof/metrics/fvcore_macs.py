"""What fvcore counts, for comparison: it calls this FLOPs, and papers used it."""

from attnprof.metrics import Findings, Metric
from attnprof.record import Measurement


def follow(found: Findings) -> Measurement:
    """The peer's count, or why it gave none."""
    counted = found.peers.get("fvcore", "not asked for")
    if isinstance(counted, str):
        return Measurement("fvcore_macs", None, "count", note=counted)
    return Measurement("fvcore_macs", counted, "count")


METRIC = Metric(
    unit="count",
    help="MACs as fvcore counts them (some operators left out, others added)",
    title="fvcore",
    needs="peers",
    follows=follow,
    counter="fvcore",
)
