"""Images per second: the batch over the latency, its interval from the latency's."""

from dataclasses import replace

from attnprof.metrics import Findings, Metric, latency
from attnprof.record import Measurement


def follow(found: Findings) -> Measurement:
    """Batch / latency; the interval's ends change places."""
    seconds, batch = latency.follow(found), found.case.batch
    assert isinstance(seconds.value, float)
    ends = seconds.interval and (batch / seconds.interval[1], batch / seconds.interval[0])
    return replace(seconds, metric="throughput", value=batch / seconds.value, unit="1/s", interval=ends)


METRIC = Metric(unit="1/s", help="Images per second", title="images/s", needs="timing", follows=follow)
