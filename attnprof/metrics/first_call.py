"""Seconds of the first call in the process: what a kernel's set-up costs once."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The first call's wall time: one sample, so no interval."""
    assert found.timing is not None
    return Measurement("first_call", found.timing.first, "s", n=1, note="a single call")


METRIC = Metric(
    unit="s", help="Seconds of the first call", title="first call", needs="timing", follows=follow
)
