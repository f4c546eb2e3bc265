"""All floating-point operations of the whole batch: 2 per MAC, and bias, pointwise, reductions, norms, softmax."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The count, of the account; what it leaves out where it is incomplete."""
    assert found.account is not None
    unknown = found.account.unknown_ops
    note = f"incomplete: no rule for {', '.join(unknown)}" if unknown else ""
    return Measurement("flops", found.account.flops, "count", note=note)


METRIC = Metric(
    unit="count",
    help="All floating-point operations of the whole batch, 2 per MAC",
    title="FLOPs",
    needs="account",
    follows=follow,
)
