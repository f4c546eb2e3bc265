"""Most bytes that a call made the allocator take from the device, beyond what it held."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The backend's figure; None where its allocator does not tell."""
    assert findings.memory is not None
    note = "" if findings.memory.reserved is not None else f"{findings.memory.allocator} does not tell"
    return Reading(findings.memory.reserved, interval_kind="exact", n=1, note=note)


METRIC = Metric(
    kind="bytes",
    title="reserved memory",
    help="Most bytes that a call made the allocator take from the device",
    needs="memory",
    compute=compute,
    place=240,
    keep=3,
    shown=False,
    aliases=("reserved",),
)
