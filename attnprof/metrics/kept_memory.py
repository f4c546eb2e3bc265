"""Bytes that are still there after a call, its output given back: in training the gradients."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The backend's figure; None where its allocator does not tell."""
    assert found.memory is not None
    note = "" if found.memory.kept is not None else "this device's allocator does not tell"
    return Measurement("kept_memory", found.memory.kept, "bytes", interval_kind="exact", n=1, note=note)


METRIC = Metric(
    unit="bytes",
    help="Bytes still there after a call, its output given back",
    title="kept",
    needs="memory",
    follows=follow,
)
