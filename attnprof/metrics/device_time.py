"""Seconds of a call by the device's own clock: from the first kernel's beginning to the last one's end."""

from attnprof.metrics import Findings, Metric, Reading

NO_CLOCK = "the device has no clock of its own"


def compute(findings: Findings) -> Reading:
    """The median of the bursts, and its interval; None for a device without a clock of its own, and where
    that gives no figure."""
    timing = findings.timing
    assert timing is not None
    if timing.by_device is None:
        return Reading(None, note=timing.device_note or NO_CLOCK)
    return Reading(*timing.by_device, timing.device_note)


METRIC = Metric(
    kind="seconds",
    title="device time",
    help="Seconds by the device's own clock, without launches: kernels and the gaps between them",
    needs="timing",
    compute=compute,
    on_device=True,
    interval=True,
    place=150,
    keep=88,
    caption=(
        "device time: replay of a graph by the device's own clock, inputs not in cache (cold):"
        " kernels and the gaps between them."
    ),
)
