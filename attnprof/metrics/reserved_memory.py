"""Most bytes that the allocator held of the device during a call."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The backend's figure; None where its allocator does not tell."""
    assert found.memory is not None
    note = "" if found.memory.reserved is not None else "this device's allocator does not tell"
    return Measurement(
        "reserved_memory", found.memory.reserved, "bytes", interval_kind="exact", n=1, note=note
    )


METRIC = Metric(
    unit="bytes",
    help="Most bytes that the allocator held of the device",
    title="reserved",
    needs="memory",
    follows=follow,
)
