"""The most bytes alive at once that a call makes, by its storages: exact, and taken without running it."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The count, of the account."""
    assert found.account is not None
    return Measurement("activation_memory", found.account.activation_memory, "bytes")


METRIC = Metric(
    unit="bytes",
    help="Most bytes alive at once that a call makes, counted",
    title="activations",
    needs="account",
    follows=follow,
)
