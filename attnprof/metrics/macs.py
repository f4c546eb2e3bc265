"""Multiply-accumulates of convolution, linear, matmul and attention products, of the whole batch."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The count, of the account."""
    assert findings.account is not None
    return Reading(findings.account.macs)


METRIC = Metric(
    kind="count",
    title="MACs",
    help="Multiply-accumulates of convolution, linear, matmul and attention products, of the whole batch",
    needs="account",
    compute=compute,
    place=40,
    keep=91,
    limit="macs",
    lower_bound="flops_incomplete",
    caption="MACs: multiply-accumulates of convolution, linear, matmul; exact.",
)
