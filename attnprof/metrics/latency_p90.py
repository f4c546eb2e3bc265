"""Seconds that nine calls in ten stay under: the 90th percentile of the samples."""

from math import ceil

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement

FEWEST = 10


def follow(found: Findings) -> Measurement:
    """The smallest sample that nine tenths of all samples do not exceed."""
    assert found.timing is not None
    ordered = sorted(found.timing.samples)
    if len(ordered) < FEWEST:
        return Measurement(
            "latency_p90", None, "s", note=f"{len(ordered)} samples; a 90th percentile needs {FEWEST}"
        )
    return Measurement("latency_p90", ordered[ceil(0.9 * len(ordered)) - 1], "s", n=len(ordered))


METRIC = Metric(
    unit="s", help="Seconds per call, 90th percentile", title="p90", needs="timing", follows=follow
)
