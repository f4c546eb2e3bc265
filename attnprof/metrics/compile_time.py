"""Seconds that torch.compile took: the first call, less what a call takes."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """First call less latency; None for a case that runs eagerly."""
    timing = findings.timing
    assert timing is not None
    if not findings.case.compile_mode:
        return Reading(None, note="it runs eagerly")
    if not timing.samples or timing.first <= timing.seconds:
        return Reading(None, note="no call after the first is known to have taken less")
    return Reading(timing.first - timing.seconds, n=1, note="a single compilation")


METRIC = Metric(
    kind="seconds",
    title="compile time",
    help="Seconds that torch.compile took",
    needs="timing",
    compute=compute,
    place=180,
    keep=45,
    aliases=("compile",),
)
