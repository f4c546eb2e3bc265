"""Bytes that are still there after a call, its output given back: in training the gradients."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The backend's figure; None where its allocator does not tell."""
    assert findings.memory is not None
    note = "" if findings.memory.remaining is not None else "this device's allocator does not tell"
    return Reading(findings.memory.remaining, interval_kind="exact", n=1, note=note)


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
