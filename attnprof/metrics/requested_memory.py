"""Most bytes that a call asked for at once, before the allocator rounds up."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The backend's figure; None where its allocator does not tell."""
    assert findings.memory is not None
    note = "" if findings.memory.requested is not None else f"{findings.memory.allocator} does not tell"
    return Reading(findings.memory.requested, interval_kind="exact", n=1, note=note)


METRIC = Metric(
    kind="bytes",
    title="requested memory",
    help="Most bytes asked for at once, before the allocator rounds up",
    needs="memory",
    compute=compute,
    place=230,
    keep=3,
    shown=False,
    aliases=("requested",),
)
