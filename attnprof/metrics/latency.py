"""Seconds per call at the case's batch: the median of the samples, with its 95 % interval from one process."""

from attnprof.measuring.interval import FEWEST
from attnprof.metrics import Findings, Metric
from attnprof.record import Measurement


def follow(found: Findings) -> Measurement:
    """Median and order-statistic interval of the timing."""
    assert found.timing is not None
    n, interval = len(found.timing.samples), found.timing.interval
    note = "" if interval else f"{n} samples; an interval needs {FEWEST}"
    kind = "samples" if interval else ""
    return Measurement("latency", found.timing.median, "s", interval=interval, interval_kind=kind, n=n, note=note)


METRIC = Metric(
    unit="s", help="Seconds per call, median, inputs hot in cache", title="latency", needs="timing", follows=follow
)
