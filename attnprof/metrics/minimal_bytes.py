"""The input, the output and the parameters once: what any fusion has to move."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The count, of the account."""
    assert found.account is not None
    return Measurement("minimal_bytes", found.account.minimal_bytes, "bytes")


METRIC = Metric(
    unit="bytes",
    help="Bytes of input, output and parameters, once each",
    title="least bytes",
    needs="account",
    follows=follow,
)
