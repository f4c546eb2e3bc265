"""The median of the samples, whatever estimator the latency is by."""

from statistics import median

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The median of the samples that count; None where none does."""
    assert findings.timing is not None
    samples = findings.timing.samples
    if not samples:
        return Reading(None, note="there is no latency")
    return Reading(median(samples), n=len(samples))


METRIC = Metric(
    kind="seconds",
    title="latency median",
    help="Seconds per call, median",
    needs="timing",
    compute=compute,
    place=138,
    keep=10,
    shown=False,
    aliases=("median",),
)
