"""Seconds of the kernel that is visited in the same rounds as the cells: it shows what the machine did meanwhile."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The reference's median in this process; None where it was never visited."""
    assert found.timing is not None
    if found.timing.reference is None:
        return Measurement("reference", None, "s", note="it was not visited")
    return Measurement("reference", found.timing.reference, "s")


METRIC = Metric(
    unit="s",
    help="Seconds of a square product visited in the same rounds",
    title="reference",
    needs="timing",
    follows=follow,
)
