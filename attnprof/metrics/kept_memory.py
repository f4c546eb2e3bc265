"""Bytes that are still there after a call, its output given back: in training the gradients."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The backend's figure; None where its allocator does not tell."""
    assert findings.memory is not None
    remaining = findings.memory.remaining
    if remaining is None:
        return Reading(None, interval_kind="exact", n=1, note=f"{findings.memory.allocator} does not tell")
    return Reading(max(0, remaining), interval_kind="exact", n=1)  # a call may free what was there before


METRIC = Metric(
    kind="bytes",
    title="kept memory",
    help="Bytes still there after a call, its output given back",
    needs="memory",
    compute=compute,
    place=250,
    keep=3,
    shown=False,
)
