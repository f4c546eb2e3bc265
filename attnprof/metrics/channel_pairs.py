"""Pairs of an input and an output channel that convolutions without bias join. On request."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The count, of the account."""
    assert findings.account is not None
    return Reading(findings.account.channel_pairs)


METRIC = Metric(
    kind="count",
    title="channel pairs",
    help="Pairs of an input and an output channel that convolutions without bias join",
    needs="account",
    compute=compute,
    better="",
    place=290,
    keep=2,
    shown=False,
    usual=False,
)
