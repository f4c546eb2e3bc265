"""The least seconds that the device's measured peaks allow for a call."""

from attnprof.measuring.bound import bound
from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The longer of moving the minimal bytes and computing the FLOPs; the note says what binds."""
    if found.account is None or found.peaks is None:
        return Measurement("bound", None, "s", note="the device's peaks were not measured")
    if not found.account.bytes_moved:
        return Measurement("bound", None, "s", note="a call moves and computes nothing")
    least = bound(found.account, found.peaks, found.case.shape, found.case.input_bytes)
    return Measurement(
        "bound", least.seconds, "s", n=1, note=f"{least.binds} binds; the bytes are in {least.level}"
    )


METRIC = Metric(
    unit="s",
    help="The least seconds that the device's measured peaks allow for a call",
    title="bound",
    needs="peaks",
    follows=follow,
    also=("account",),
)
