"""Most bytes allocated during a call, the output included, less what was there before it."""

from attnprof.metrics import Findings, Metric
from attnprof.record import Measurement


def follow(found: Findings) -> Measurement:
    """The backend's figure: a count of bytes, so no interval."""
    assert found.memory is not None
    return Measurement("peak_memory", found.memory, "bytes", interval_kind="exact", n=1)


METRIC = Metric(unit="bytes", help="Most bytes allocated during a call", title="memory", needs="memory", follows=follow)
