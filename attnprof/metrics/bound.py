"""The least seconds that the device's measured peaks allow for a call."""

from attnprof.measuring.bound import bound
from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The longer of moving the minimal bytes and computing the FLOPs; the note says what binds."""
    if findings.account is None or findings.peaks is None:
        return Reading(None, note="the device's peaks were not measured")
    if not findings.account.bytes_moved:
        return Reading(None, note="a call moves and computes nothing")
    least = bound(findings.account, findings.peaks, findings.case.shape, findings.case.input_bytes)
    return Reading(least.seconds, n=1, note=f"{least.binds} binds; the bytes are in {least.level}")


METRIC = Metric(
    kind="seconds",
    title="bound",
    help="The least seconds that the device's measured peaks allow for a call",
    needs="peaks",
    compute=compute,
    also=("account",),
    place=260,
    keep=12,
    shown=False,
)
