"""Seconds per call at the case's batch: the median of the samples, with its 95 % interval from one process."""

from statistics import median

from attnprof.measuring.interval import FEWEST, median_interval
from attnprof.metrics import Findings, Metric
from attnprof.record import Measurement


def follow(found: Findings) -> Measurement:
    """Median and order-statistic interval of the timing."""
    assert found.timing is not None
    samples = found.timing.samples
    interval = median_interval(samples)
    return Measurement(
        "latency",
        median(samples),
        "s",
        interval=interval,
        interval_kind="samples" if interval else "",
        n=len(samples),
        note="" if interval else f"{len(samples)} samples; an interval needs {FEWEST}",
    )


METRIC = Metric(
    unit="s", help="Seconds per call, median, inputs hot in cache", title="latency", needs="timing", follows=follow
)
