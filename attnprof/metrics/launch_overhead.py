"""The share of the latency that is not the device's: launches, Python, and the wait at the end."""

from attnprof.measuring.timing import MeasuredTime
from attnprof.metrics import Findings, Metric, Reading
from attnprof.stats import Interval


def compute(findings: Findings) -> Reading:
    """1 - device time / latency; 0 where the device, without the gaps of launches, takes as long.

    Its interval is that of the worst case: each of the two at the end of its own.
    """
    timing = findings.timing
    assert timing is not None
    device = timing.by_device
    if not timing.samples or device is None:
        return Reading(None, note=timing.device_note or "there is no device time beside the latency")
    host = timing.by_host
    interval = _worst_case(device, host)
    kind = host.kind if interval else ""
    return Reading(_share(device.seconds, host.seconds), interval, kind, min(device.n, host.n))


def _worst_case(device: MeasuredTime, host: MeasuredTime) -> Interval | None:
    if device.interval is None or host.interval is None:
        return None
    (shortest, longest), (least, most) = device.interval, host.interval
    return _share(longest, least), _share(shortest, most)


def _share(device: float, host: float) -> float:
    return max(0.0, 1 - device / host)


METRIC = Metric(
    kind="share",
    title="launch overhead",
    help="Share of the latency that is not the device's: launches, Python, waiting for the end",
    needs="timing",
    compute=compute,
    on_device=True,
    interval=True,
    place=152,
    keep=58,
    caption="launch overhead: share of the latency beyond the device time (± in points).",
)
