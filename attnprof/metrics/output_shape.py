"""Shape of the output, as NxCxHxW."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The shape, of the account."""
    assert found.account is not None
    return Measurement("output_shape", "x".join(map(str, found.account.output_shape)), "")


METRIC = Metric(unit="", help="Shape of the output, NxCxHxW", title="output", needs="account", follows=follow)
