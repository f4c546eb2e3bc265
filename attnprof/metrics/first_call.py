"""Seconds of the first call in the process: what a kernel's set-up costs once."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The first call's wall time: one sample, so no interval."""
    assert findings.timing is not None
    return Reading(findings.timing.first, n=1, note="a single call")


METRIC = Metric(
    kind="seconds",
    title="first call",
    help="Seconds of the first call",
    needs="timing",
    compute=compute,
    place=170,
    keep=8,
    shown=False,
)
