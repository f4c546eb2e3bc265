"""All floating-point operations of the batch: 2 per MAC, and bias, pointwise, reductions, norms, softmax."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The count, of the account; what it leaves out where it is incomplete."""
    assert findings.account is not None
    unknown = findings.account.unknown_ops
    note = f"incomplete: no rule for {', '.join(unknown)}" if unknown else ""
    return Reading(findings.account.flops, note=note)


METRIC = Metric(
    kind="count",
    title="FLOPs",
    help="All floating-point operations of the whole batch, 2 per MAC",
    needs="account",
    compute=compute,
    place=50,
    keep=60,
    limit="flops",
    lower_bound="flops_incomplete",
    caption="FLOPs: all floating-point operations, 2 per MAC; exact.",
)
