"""Seconds per call of calls issued back to back and waited for once: what a busy pipeline sees."""

from statistics import median

from attnprof.measuring.timing import interval_of
from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The median of the bursts, and its interval; None where calls are waited for by their nature."""
    timing = findings.timing
    assert timing is not None
    if not timing.bursts:
        return Reading(None, note="the device runs every call to its end before the next")
    seconds = [burst.host for burst in timing.bursts]
    interval = interval_of(seconds, timing.spread)
    kind = "" if interval is None else "spread" if timing.spread else "samples"
    return Reading(median(seconds), interval, kind, len(seconds))


METRIC = Metric(
    kind="seconds",
    title="back to back",
    help="Seconds per call, calls issued back to back",
    needs="timing",
    compute=compute,
    on_device=True,
    interval=True,
    place=160,
    keep=11,
    shown=False,
)
