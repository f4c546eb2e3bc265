"""Shape of the output, as NxCxHxW."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The shape, of the account."""
    assert findings.account is not None
    return Reading("x".join(map(str, findings.account.output_shape)))


METRIC = Metric(
    kind="text",
    title="output",
    help="Shape of the output, NxCxHxW",
    needs="account",
    compute=compute,
    better="",
    place=280,
    keep=3,
    shown=False,
)
