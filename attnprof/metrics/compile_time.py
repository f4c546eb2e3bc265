"""Seconds until a module could be called: torch.compile's, or those of export and conversion to a runtime."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The preparation of another runtime; with torch.compile the first call less the latency; None for a
    case that runs eagerly."""
    timing = findings.timing
    assert timing is not None
    if findings.preparation is not None:
        return Reading(findings.preparation, n=1, note="export and conversion, once")
    if not findings.case.compile_mode:
        return Reading(None, note="it runs eagerly")
    if not timing.samples or timing.first <= timing.seconds:
        return Reading(None, note="no call after the first is known to have taken less")
    return Reading(timing.first - timing.seconds, n=1, note="a single compilation")


METRIC = Metric(
    kind="seconds",
    title="compile time",
    help="Seconds that torch.compile took, or export to another runtime",
    needs="timing",
    compute=compute,
    place=180,
    keep=45,
    aliases=("compile",),
)
