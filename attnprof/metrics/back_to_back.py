"""Seconds per call of calls issued back to back and waited for once: what a busy pipeline sees."""

from statistics import median

from attnprof.measuring.timing import interval_of
from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The median of the bursts, and its interval; None where calls are waited for by their nature."""
    timing = found.timing
    assert timing is not None
    if not timing.bursts:
        return Measurement(
            "back_to_back", None, "s", note="the device runs every call to its end before the next"
        )
    seconds = [burst.host for burst in timing.bursts]
    interval = interval_of(seconds, timing.spread)
    kind = "" if interval is None else "spread" if timing.spread else "samples"
    return Measurement("back_to_back", median(seconds), "s", interval, kind, len(seconds))


METRIC = Metric(
    unit="s",
    help="Seconds per call, calls issued back to back",
    title="back to back",
    needs="timing",
    follows=follow,
)
