"""Elements of floating-point buffers, such as running statistics."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The count, of the account."""
    assert findings.account is not None
    return Reading(findings.account.buffers)


METRIC = Metric(
    kind="count",
    title="buffers",
    help="Elements of floating-point buffers, such as running statistics",
    needs="account",
    compute=compute,
    place=30,
    keep=4,
    shown=False,
)
