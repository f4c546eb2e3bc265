"""The share of the latency that is not the device's: launches, Python, and the wait at the end."""

from statistics import median

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """1 - device time / latency; 0 where the device, without the gaps of launches, takes as long."""
    timing = findings.timing
    assert timing is not None
    if not timing.samples or not timing.device_samples:
        return Reading(None, note=timing.device_note or "there is no device time beside the latency")
    return Reading(max(0.0, 1 - median(timing.device_samples) / timing.seconds), n=len(timing.samples))


METRIC = Metric(
    kind="share",
    title="launch overhead",
    help="Share of the latency that is not the device's: launches, Python, waiting for the end",
    needs="timing",
    compute=compute,
    on_device=True,
    place=152,
    keep=58,
    caption="launch overhead: share of the latency beyond the device time.",
)
