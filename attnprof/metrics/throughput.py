"""Images per second: the batch over the latency, its interval from the latency's."""

from attnprof.metrics import Findings, Metric
from attnprof.record import Measurement


def follow(found: Findings) -> Measurement:
    """Batch / latency; the interval's ends change places."""
    assert found.timing is not None
    batch, n, seconds = found.case.batch, len(found.timing.samples), found.timing.interval
    ends = None if seconds is None else (batch / seconds[1], batch / seconds[0])
    kind = "samples" if ends else ""
    return Measurement("throughput", batch / found.timing.median, "1/s", interval=ends, interval_kind=kind, n=n)


METRIC = Metric(unit="1/s", help="Images per second", title="images/s", needs="timing", follows=follow)
