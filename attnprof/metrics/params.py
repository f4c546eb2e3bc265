"""Learnable elements, a shared tensor counted once."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The count, of the account."""
    assert findings.account is not None
    return Reading(findings.account.params)


METRIC = Metric(
    kind="count",
    title="params",
    help="Learnable elements, a shared tensor counted once",
    needs="account",
    compute=compute,
    place=10,
    keep=90,
    limit="params",
)
