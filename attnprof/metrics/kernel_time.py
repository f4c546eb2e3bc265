"""Seconds of a call's kernels, each by itself, added up: what a profiler sees."""

from attnprof.measuring.timing import median_time
from attnprof.metrics import Findings, Metric, Reading
from attnprof.units import show_seconds


def compute(findings: Findings) -> Reading:
    """The sum over kernels, the median of some calls; the note has what the device time has beyond it."""
    trace = findings.kernels
    if trace is None:
        return Reading(None, note="a call launches no kernels on this device, or they were not looked at")
    if trace.note:
        return Reading(None, note=trace.note)
    kernels = f"{trace.count:g} kernel{'' if trace.count == 1 else 's'}"
    time = median_time(trace.sums, spread=False) if trace.sums else None
    seconds, interval, kind, _ = time or (trace.seconds, None, "", 0)
    return Reading(seconds, interval, kind, trace.calls, f"{kernels}{_gaps(findings, seconds)}")


def _gaps(findings: Findings, seconds: float) -> str:
    """How the device time differs from ``seconds``, in words."""
    device = findings.timing.by_device if findings.timing else None
    if device is None:
        return ""
    beyond = device.seconds - seconds
    if beyond < 0:
        return f"; {show_seconds(-beyond)} more than the device time: some of them run side by side"
    return f"; {show_seconds(beyond)} less than the device time, which has the gaps between them"


METRIC = Metric(
    kind="seconds",
    title="kernel time",
    help="Seconds of all kernels of a call, each by itself, as the profiler sees them",
    needs="kernels",
    compute=compute,
    also=("timing",),
    on_device=True,
    interval=True,
    place=155,
    keep=60,
    caption="kernel time: sum of a call's kernels in the profiler, launched one by one.",
)
