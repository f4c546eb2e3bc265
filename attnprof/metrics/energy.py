"""Joules of a call, by the device's own counter: calls back to back, power at rest included."""

from attnprof.metrics import Findings, Metric, Reading
from attnprof.records.record import RESOLUTION
from attnprof.units import show_seconds

ON_CPU = "a CPU's energy is not measured: its counter (RAPL) is the administrator's, and holds all that runs"
NOT_READ = "the device has no counter of energy, or the run ended before it was read"


def compute(findings: Findings) -> Reading:
    """Joules over calls. Its interval is the counter's resolution: an update more or less at either end."""
    energy = findings.energy
    if energy is None:
        return Reading(None, note=ON_CPU if findings.case.device == "cpu" else NOT_READ)
    if energy.note:
        return Reading(None, note=energy.note)
    note = (
        f"{energy.watts:.0f} W for {show_seconds(energy.seconds)}, {energy.rest_watts:.0f} W at rest;"
        f" the counter is updated every {show_seconds(energy.step)}, by {energy.step * energy.watts:.1f} J"
    )
    return Reading(energy.per_call, energy.interval, RESOLUTION, energy.calls, note)


METRIC = Metric(
    kind="joules",
    title="energy",
    help="Joules per call, calls back to back, of the whole board: power at rest included (NVML)",
    needs="energy",
    compute=compute,
    usual=False,
    interval=True,
    place=157,
    keep=57,
    caption=(
        "energy: joules of a call among calls back to back, by NVML's counter of the whole board,"
        " power at rest included{interval}."
    ),
)
