"""What a call reaches of the device: its work over its time, and that over a measured peak."""

from collections.abc import Callable

from attnprof.measuring.timing import MeasuredTime
from attnprof.metrics import Findings, Reading

NO_PEAKS = "the device's peaks were not measured"
INCOMPLETE = "FLOPs are incomplete"


def missing_time(findings: Findings) -> str:
    """Why there is no time to divide by; empty where there is one."""
    if findings.timing is None or not findings.timing.samples:
        return "there is no latency"
    # A device's clock that gives no figure leaves no time without launches.
    return "" if findings.timing.by_device else findings.timing.device_note


def time_of(findings: Findings) -> MeasuredTime:
    """Of a device with a clock of its own the device time, else the latency. There must be one."""
    assert findings.timing is not None
    return findings.timing.by_device or findings.timing.by_host


def flops_per_second(findings: Findings) -> Reading:
    """The FLOPs of a call over its time."""
    account = findings.account
    if account is None:
        return Reading(None, note="FLOPs were not counted")
    if account.unknown_ops:
        return Reading(None, note=INCOMPLETE)
    if not account.flops:
        return Reading(None, note="a call computes nothing")
    return _per_second(account.flops, findings)


def bytes_per_second(findings: Findings) -> Reading:
    """The minimal bytes of a call, which are no more than what it moves, over its time with cold inputs."""
    account = findings.account
    if account is None:
        return Reading(None, note="bytes were not counted")
    if findings.case.inputs == "hot":
        return Reading(None, note="inputs are hot in cache, and need not be moved")
    if not account.bytes_moved:
        return Reading(None, note="a call moves nothing")
    return _per_second(account.minimal_bytes, findings)


def share_of(peak: float, rate: Reading, show: Callable[[float], str]) -> Reading:
    """``rate`` over the measured ``peak``, both as ``show`` prints them; blank where it is more than that."""
    if rate.value is None:
        return rate
    assert isinstance(rate.value, int | float)
    if rate.value > peak:
        beaten = f"{show(rate.value)}, more than the measured peak of {show(peak)}"
        return Reading(None, note=f"{beaten}: its operators beat those the peak was taken with")
    ends = None if rate.interval is None else (rate.interval[0] / peak, rate.interval[1] / peak)
    return Reading(rate.value / peak, ends, rate.interval_kind, rate.n)


def _per_second(amount: int, findings: Findings) -> Reading:
    why = missing_time(findings)
    if why:
        return Reading(None, note=why)
    seconds, interval, kind, n = time_of(findings)
    ends = None if interval is None else (amount / interval[1], amount / interval[0])
    return Reading(amount / seconds, ends, kind, n)
