"""Seconds that torch.compile took: the first call, less what a call takes."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """First call less latency; None for a case that runs eagerly."""
    timing = found.timing
    assert timing is not None
    if found.case.execution != "compiled":
        return Measurement("compile_time", None, "s", note="it runs eagerly")
    if not timing.samples or timing.first <= timing.median:
        return Measurement(
            "compile_time", None, "s", note="no call after the first is known to have taken less"
        )
    return Measurement("compile_time", timing.first - timing.median, "s", n=1, note="a single compilation")


METRIC = Metric(
    unit="s", help="Seconds that torch.compile took", title="compile", needs="timing", follows=follow
)
