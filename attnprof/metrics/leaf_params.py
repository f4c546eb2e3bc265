"""Learnable elements of submodules that have none of their own: what thop sees of a module. On request."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The count, of the account."""
    assert findings.account is not None
    return Reading(findings.account.leaf_params)


METRIC = Metric(
    kind="count",
    title="leaf params",
    help="Learnable elements of submodules without submodules: bare parameters of others are left out",
    needs="account",
    compute=compute,
    better="",
    place=300,
    keep=2,
    shown=False,
    usual=False,
)
