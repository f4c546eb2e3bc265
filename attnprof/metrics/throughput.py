"""Images per second: the batch over the latency, its interval from the latency's."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """Batch / latency; the interval's ends change places."""
    timing, batch = findings.timing, findings.case.batch
    assert timing is not None
    if not timing.samples:
        return Reading(None, note="there is no latency")
    seconds = timing.interval
    ends = None if seconds is None else (batch / seconds[1], batch / seconds[0])
    return Reading(batch / timing.seconds, ends, timing.kind, len(timing.samples))


METRIC = Metric(
    kind="rate",
    title="throughput",
    help="Images per second",
    needs="timing",
    compute=compute,
    better="more",
    interval=True,
    place=200,
    keep=9,
    shown=False,
    limit="throughput",
    aliases=("images/s",),
    caption="throughput: images per second.",
)
