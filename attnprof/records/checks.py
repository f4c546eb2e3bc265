"""Whether a record can be true: what the types of a record cannot say of it."""

from typing import Any

import msgspec

from attnprof.records.case import Count
from attnprof.records.record import RATIO, STATUSES, DoneEvent, Event, Measurement, Number, VisitEvent

NUMBERS = frozenset((int, float))
TEXT = frozenset((str,))
OF_UNIT = {
    "s": ("latency", "latency_median", "latency_p90", "reference", "first_call", "compile_time")
    + ("back_to_back", "device_time", "bound"),
    "bytes": ("peak_memory", "kept_memory", "requested_memory", "reserved_memory", "activation_memory")
    + ("bytes_moved", "minimal_bytes"),
    "count": ("params", "macs", "flops", "buffers", "trainable_params", "leaf_params", "channel_pairs"),
    "1/s": ("throughput",),
    "J": ("energy",),
    "FLOP/s": ("achieved_flops",),
    "bytes/s": ("achieved_bandwidth",),
    "FLOP/byte": ("arithmetic_intensity",),
    RATIO: ("vs_baseline",),
}
# The figures that attnprof itself writes: unit, and the types of a value. A plug-in's has any of the units.
OWN = {
    **{metric: (unit, NUMBERS) for unit, metrics in OF_UNIT.items() for metric in metrics},
    **dict.fromkeys(("operators", "flops_by_category", "macs_by_stage"), ("", TEXT)),
    **dict.fromkeys(("output_shape", "baseline", "flops_incomplete"), ("", TEXT)),
    **dict.fromkeys(("efficiency", "share_of_peak_flops", "share_of_peak_bandwidth"), ("", NUMBERS)),
}
# Unit -> the types of a value: only what has none can be a text.
TYPES = {**dict.fromkeys(OF_UNIT, NUMBERS), "": NUMBERS | TEXT | {bool}}
# Most of what a journal holds, to be recognised at one look.
AMOUNTS = frozenset((name, unit, kind) for name, (unit, kinds) in OWN.items() if unit for kind in kinds)
# What the texts of figures that are JSON hold.
STRUCTURES: dict[str, msgspec.json.Decoder[Any]] = {
    "operators": msgspec.json.Decoder(dict[str, tuple[Count, Count, Count, Count, Count]]),
    "macs_by_stage": msgspec.json.Decoder(dict[str, Count]),
}
# Of a number: what is computed from several is still finite, and so is its interval.
SMALLEST, LARGEST = 1e-60, 1e60


def falsehood(event: Event) -> str:
    """What of ``event`` cannot be true; empty where all of it can."""
    if isinstance(event, DoneEvent):
        is_possible = event.status in STATUSES and (event.status != "ok") == bool(event.reason)
        return "" if is_possible else f"status {event.status!r} with reason {event.reason!r}"
    for place, measurement in enumerate(event.measurements):
        is_amount = (measurement.metric, measurement.unit, type(measurement.value)) in AMOUNTS
        if is_amount and measurement.interval is None and _is_size(measurement.value):
            continue
        if problem := falsehood_of_figure(measurement):
            return f"measurements[{place}]: {problem}"
    return _of_state(event) if isinstance(event, VisitEvent) else ""


def falsehood_of_figure(measurement: Measurement) -> str:
    """What of a measurement cannot be true: unit, value or interval."""
    metric, value = measurement.metric, measurement.value
    unit, types = OWN.get(metric) or (measurement.unit, TYPES.get(measurement.unit, TEXT))
    if measurement.unit != unit or unit not in TYPES:
        return f"{metric} in {measurement.unit or 'no unit'!r}"
    if value is not None and not (type(value) in types and _is_possible(metric, value, unit)):
        return f"{metric} of {str(value):.40}"
    if measurement.interval is not None and not _is_interval(*measurement.interval):
        return f"{metric} with an interval from {measurement.interval[0]} to {measurement.interval[1]}"
    return ""


def _is_possible(metric: str, value: Any, unit: str) -> bool:
    if type(value) in NUMBERS:
        return _is_size(value if unit else abs(value))
    try:
        return metric not in STRUCTURES or STRUCTURES[metric].decode(value) is not None
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return False


def _is_size(value: Any) -> bool:
    """Whether a number is finite and not negative."""
    return not value or SMALLEST <= value <= LARGEST


def _is_interval(low: Number, high: Number) -> bool:
    return -LARGEST <= low <= high <= LARGEST


def _of_state(visit: VisitEvent) -> str:
    state = visit.device
    if state is None:
        return ""
    numbers = (state.clock, state.throttled, state.celsius, state.watts)
    untrue = [number for number in numbers if number is not None and not _is_size(abs(number))]
    return f"device: a state of {untrue[0]}" if untrue else ""
