"""Most bytes allocated during a call, the output included, less what was there before it."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The backend's figure: a count of bytes, so no interval. The note names what it has over the counted one."""
    assert found.memory is not None
    note = ""
    if found.account is not None:
        measured, counted = found.memory.requested or found.memory.peak, found.account.activation_memory
        if measured > counted:
            note = f"{measured - counted} bytes more than counted: what kernels take for themselves"
        elif measured < counted:
            note = f"{counted - measured} bytes less than counted: an operator works in place, or in parts"
    return Measurement("peak_memory", found.memory.peak, "bytes", interval_kind="exact", n=1, note=note)


METRIC = Metric(
    unit="bytes",
    help="Most bytes allocated during a call",
    title="memory",
    needs="memory",
    follows=follow,
    also=("account",),
)
