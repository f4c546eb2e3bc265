"""Seconds of a call's kernels, each by itself, added up: what a profiler sees."""

from attnprof.metrics import Findings, Metric, Reading
from attnprof.units import show_seconds


def compute(findings: Findings) -> Reading:
    """The sum over kernels; the note has what the device time has beyond it."""
    trace = findings.kernels
    if trace is None:
        return Reading(None, note="a call launches no kernels on this device, or they were not looked at")
    if trace.note:
        return Reading(None, note=trace.note)
    return Reading(trace.seconds, n=trace.calls, note=f"{trace.count:g} kernels{_gaps(findings)}")


def _gaps(findings: Findings) -> str:
    """How the device time differs, in words."""
    timing, trace = findings.timing, findings.kernels
    if timing is None or trace is None or not timing.device_samples:
        return ""
    samples = sorted(timing.device_samples)
    beyond = samples[len(samples) // 2] - trace.seconds
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
    place=155,
    keep=60,
    caption="kernel time: sum of a call's kernels in the profiler, launched one by one.",
)
