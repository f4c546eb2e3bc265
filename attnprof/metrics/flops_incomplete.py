"""Whether an operator without a rule was met, so that MACs and FLOPs are at least what they say."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """'true' with the operators' names, or 'false'."""
    assert found.account is not None
    unknown = found.account.unknown_ops
    return Measurement("flops_incomplete", "true" if unknown else "false", "", note=", ".join(unknown))


METRIC = Metric(
    unit="",
    help="Whether operators without a rule were met: true or false",
    title="incomplete",
    needs="account",
    follows=follow,
)
