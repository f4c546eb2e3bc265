"""What every operator reads and writes: the traffic of an eager run whose caches hold nothing."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The count, of the account."""
    assert findings.account is not None
    return Reading(findings.account.bytes_moved)


METRIC = Metric(
    kind="bytes",
    title="bytes moved",
    help="Bytes that every operator reads and writes",
    needs="account",
    compute=compute,
    place=60,
    keep=7,
    shown=False,
)
