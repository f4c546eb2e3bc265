"""Seconds of the control, a product measured beside the cells: how fast the machine was."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The reference's median in this process; None where it was never visited."""
    assert findings.timing is not None
    if findings.timing.reference is None:
        return Reading(None, note="it was not visited")
    return Reading(findings.timing.reference)


METRIC = Metric(
    kind="seconds",
    title="control",
    help="Seconds of a square product visited in the same rounds",
    needs="timing",
    compute=compute,
    place=190,
    keep=2,
    shown=False,
)
