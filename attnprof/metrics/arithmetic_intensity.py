"""FLOPs per byte moved."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The ratio of two exact counts."""
    assert findings.account is not None
    if not findings.account.bytes_moved:
        return Reading(None, note="no operator moves a byte")
    return Reading(findings.account.arithmetic_intensity)


METRIC = Metric(
    kind="intensity",
    title="arithmetic intensity",
    help="FLOPs per byte moved",
    needs="account",
    compute=compute,
    better="",
    place=80,
    keep=6,
    shown=False,
)
