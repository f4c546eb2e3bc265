"""Whether an operator without a rule was met, so that MACs and FLOPs are at least what they say."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """'true' with the operators' names, or 'false'."""
    assert findings.account is not None
    unknown = findings.account.unknown_ops
    return Reading("true" if unknown else "false", note=", ".join(unknown))


METRIC = Metric(
    kind="text",
    title="incomplete",
    help="Whether operators without a rule were met: true or false",
    needs="account",
    compute=compute,
    better="",
    place=55,
    keep=2,
    shown=False,
)
