"""Seconds per call at the case's batch: the median of the samples that count, with its interval."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement
from attnprof.stats import FEWEST

NONE_CLEAN = "others took part of nearly every sample, and with several threads no clock leaves them out"


def follow(found: Findings) -> Measurement:
    """Median and interval of the timing in one process; None where no sample counts."""
    timing = found.timing
    assert timing is not None
    n = len(timing.samples)
    if not n:
        return Measurement("latency", None, "s", note=NONE_CLEAN)
    notes = (
        [f"{timing.taken - n} of {timing.taken} samples were others' and are left out"]
        if n < timing.taken
        else []
    )
    notes += [f"{n} samples; an interval needs {FEWEST}"] if timing.interval is None else []
    return Measurement("latency", timing.median, "s", timing.interval, timing.kind, n, "; ".join(notes))


METRIC = Metric(unit="s", help="Seconds per call, median", title="latency", needs="timing", follows=follow)
