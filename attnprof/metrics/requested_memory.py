"""Most bytes that a call asked for at once, before the allocator rounds up."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The backend's figure; None where its allocator does not tell."""
    assert found.memory is not None
    note = "" if found.memory.requested is not None else "this device's allocator does not tell"
    return Measurement(
        "requested_memory", found.memory.requested, "bytes", interval_kind="exact", n=1, note=note
    )


METRIC = Metric(
    unit="bytes",
    help="Most bytes asked for at once, before the allocator rounds up",
    title="requested",
    needs="memory",
    follows=follow,
)
