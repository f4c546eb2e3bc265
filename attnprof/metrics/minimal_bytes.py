"""The input, the output and the parameters once: what any fusion has to move."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The count, of the account."""
    assert findings.account is not None
    return Reading(findings.account.minimal_bytes)


METRIC = Metric(
    kind="bytes",
    title="minimal bytes",
    help="Bytes of input, output and parameters, once each",
    needs="account",
    compute=compute,
    place=70,
    keep=6,
    shown=False,
)
