"""Seconds of a call's kernels alone, by the device's own clock: launches and the gaps between them are not in it."""

from statistics import median

from attnprof.measuring.timing import interval_of
from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement
from attnprof.stats import Interval


def follow(found: Findings) -> Measurement:
    """The median of the bursts, and its interval; None for a device without a clock of its own."""
    timing = found.timing
    assert timing is not None
    if not timing.bursts:
        return Measurement("device_time", None, "s", note="the device has no clock of its own")
    seconds = [burst.device for burst in timing.bursts]
    interval: Interval | None = interval_of(seconds, timing.spread)
    kind = "" if interval is None else "spread" if timing.spread else "samples"
    note = "" if timing.captured else "it cannot be captured as a graph: issued eagerly behind a spin"
    return Measurement("device_time", median(seconds), "s", interval, kind, len(seconds), note)


METRIC = Metric(
    unit="s",
    help="Seconds of the kernels alone, launch gaps excluded",
    title="device",
    needs="timing",
    follows=follow,
)
