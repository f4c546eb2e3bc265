"""Seconds that nine calls in ten stay under: the 90th percentile of the samples."""

from math import ceil

from attnprof.metrics import Findings, Metric, Reading

FEWEST = 10


def compute(findings: Findings) -> Reading:
    """The smallest sample that nine tenths of all samples do not exceed."""
    assert findings.timing is not None
    ordered = sorted(findings.timing.samples)
    if len(ordered) < FEWEST:
        return Reading(None, note=f"{len(ordered)} samples; a 90th percentile needs {FEWEST}")
    return Reading(ordered[ceil(0.9 * len(ordered)) - 1], n=len(ordered))


METRIC = Metric(
    kind="seconds",
    title="latency p90",
    help="Seconds per call, 90th percentile",
    needs="timing",
    compute=compute,
    place=140,
    keep=10,
    shown=False,
    aliases=("p90",),
)
