"""How much of the device a call uses: its bound over its time. Never above 1, and never clamped to it."""

from attnprof.measuring.bound import bound
from attnprof.metrics import Findings, Metric, Reading
from attnprof.metrics._rates import INCOMPLETE, NO_PEAKS, missing_time, time_of
from attnprof.units import show_seconds


def compute(findings: Findings) -> Reading:
    """Bound / time with cold inputs: of a device with a clock of its own the device time, else the latency.

    None, with the reason, where one of them is missing or the bound is broken.
    """
    why = _without_bound(findings) or missing_time(findings)
    if why:
        return Reading(None, note=why)
    assert findings.account is not None
    assert findings.peaks is not None
    least = bound(findings.account, findings.peaks, findings.case.shape, findings.case.input_bytes).seconds
    seconds, ends, kind, n = time_of(findings)
    if least > seconds:
        note = f"the call takes {show_seconds(seconds)}, less than its bound of {show_seconds(least)}"
        return Reading(None, note=f"{note}: its operators beat those the peaks were taken with")
    interval = None if ends is None else (least / ends[1], least / ends[0])
    return Reading(least / seconds, interval, kind, n)


def _without_bound(findings: Findings) -> str:
    if findings.peaks is None or findings.account is None:
        return NO_PEAKS
    if findings.case.inputs == "hot":
        return "inputs are hot in cache; a bound is of cold ones"
    if findings.account.unknown_ops:
        return INCOMPLETE
    return "" if findings.account.bytes_moved else "a call moves and computes nothing"


METRIC = Metric(
    kind="share",
    title="% of roofline",
    help="Share of the time that the device's measured peaks would need",
    needs="timing",
    compute=compute,
    also=("account", "peaks"),
    on_device=True,
    better="more",
    interval=True,
    place=270,
    keep=70,
    aliases=("roofline", "of bound"),
    caption=(
        "% of roofline: the least time that the device's measured peaks allow, over the {time} (± in points)."
    ),
)
