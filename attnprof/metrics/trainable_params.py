"""Learnable elements that a gradient reaches."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The count, of the account."""
    assert findings.account is not None
    return Reading(findings.account.trainable_params)


METRIC = Metric(
    kind="count",
    title="trainable params",
    help="Learnable elements that a gradient reaches",
    needs="account",
    compute=compute,
    better="",
    place=20,
    keep=5,
    shown=False,
    aliases=("trainable",),
)
