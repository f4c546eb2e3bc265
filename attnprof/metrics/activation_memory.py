"""The most bytes alive at once that a call makes, by its storages: exact, and taken without running it."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The count, of the account."""
    assert findings.account is not None
    return Reading(findings.account.activation_memory)


METRIC = Metric(
    kind="bytes",
    title="activation memory",
    help="Most bytes alive at once that a call makes, counted",
    needs="account",
    compute=compute,
    place=90,
    keep=30,
    shown=False,
    limit="activation_memory",
)
