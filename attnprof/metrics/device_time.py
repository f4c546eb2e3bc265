"""Seconds of a call's kernels alone, by the device's own clock: without launches and gaps between them."""

from statistics import median

from attnprof.measuring.timing import interval_of
from attnprof.metrics import Findings, Metric, Reading
from attnprof.stats import Interval


def compute(findings: Findings) -> Reading:
    """The median of the bursts, and its interval; None for a device without a clock of its own."""
    timing = findings.timing
    assert timing is not None
    if not timing.bursts:
        return Reading(None, note="the device has no clock of its own")
    seconds = [burst.device for burst in timing.bursts]
    interval: Interval | None = interval_of(seconds, timing.spread)
    kind = "" if interval is None else "spread" if timing.spread else "samples"
    note = "" if timing.captured else "it cannot be captured as a graph: issued eagerly behind a spin"
    return Reading(median(seconds), interval, kind, len(seconds), note)


METRIC = Metric(
    kind="seconds",
    title="device time",
    help="Seconds of the kernels alone, launch gaps excluded",
    needs="timing",
    compute=compute,
    interval=True,
    place=150,
    keep=88,
    caption="device time: kernels alone, by the device's own clock, inputs not in cache (cold).",
)
