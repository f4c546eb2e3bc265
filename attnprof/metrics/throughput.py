"""Images per second: the batch over the latency, its interval from the latency's."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """Batch / latency; the interval's ends change places."""
    timing, batch = found.timing, found.case.batch
    assert timing is not None
    if not timing.samples:
        return Measurement("throughput", None, "1/s", note="there is no latency")
    seconds = timing.interval
    ends = None if seconds is None else (batch / seconds[1], batch / seconds[0])
    return Measurement("throughput", batch / timing.median, "1/s", ends, timing.kind, len(timing.samples))


METRIC = Metric(unit="1/s", help="Images per second", title="images/s", needs="timing", follows=follow)
