"""Pairs of an input and an output channel that convolutions without bias join. On request."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The count, of the account."""
    assert found.account is not None
    return Measurement("channel_pairs", found.account.channel_pairs, "count")


METRIC = Metric(
    unit="count",
    help="Pairs of an input and an output channel that convolutions without bias join",
    title="channel pairs",
    needs="account",
    follows=follow,
    usual=False,
)
