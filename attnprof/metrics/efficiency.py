"""How much of the device a call uses: its bound over its latency. Never above 1, and never clamped to it."""

from attnprof.measuring.bound import bound
from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement
from attnprof.units import show_seconds


def follow(found: Findings) -> Measurement:
    """Bound / latency with cold inputs; None, with the reason, where one of them is missing or the bound is broken."""
    why = _missing(found)
    if why:
        return Measurement("efficiency", None, "", note=why)
    assert found.account is not None
    assert found.peaks is not None
    assert found.timing is not None
    least = bound(found.account, found.peaks, found.case.shape, found.case.input_bytes).seconds
    seconds, n = found.timing.median, len(found.timing.samples)
    if least > seconds:
        note = f"the call takes {show_seconds(seconds)}, less than its bound of {show_seconds(least)}"
        return Measurement(
            "efficiency", None, "", note=f"{note}: its operators beat those the peaks were taken with"
        )
    ends = found.timing.interval
    interval = None if ends is None else (least / ends[1], least / ends[0])
    return Measurement("efficiency", least / seconds, "", interval, found.timing.kind, n)


def _missing(found: Findings) -> str:
    if found.peaks is None or found.account is None:
        return "the device's peaks were not measured"
    if found.timing is None or not found.timing.samples:
        return "there is no latency"
    if found.case.inputs == "hot":
        return "inputs are hot in cache; a bound is of cold ones"
    if found.account.unknown_ops:
        return "FLOPs are incomplete"
    return "" if found.account.bytes_moved else "a call moves and computes nothing"


METRIC = Metric(
    unit="",
    help="Share of the latency that the device's measured peaks would need",
    title="efficiency",
    needs="timing",
    follows=follow,
    also=("account", "peaks"),
)
