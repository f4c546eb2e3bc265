"""The columns of results.csv: the frozen header, what each column holds, and how a program reads it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from attnprof.metrics import METRICS, Metric, columns
from attnprof.units import KindName

IDENTITY: dict[str, KindName] = {
    "schema": "count",
    **dict.fromkeys(("run_id", "host", "place", "network_input"), "text"),
    **dict.fromkeys(("module", "variant", "hyperparameters", "family"), "text"),
}
SIZE: dict[str, KindName] = {
    **dict.fromkeys(("channels", "height", "width", "batch"), "count"),
    **dict.fromkeys(("dtype", "layout", "device"), "text"),
    "threads": "count",
    **dict.fromkeys(("mode", "execution"), "text"),
}
OUTCOME: dict[str, KindName] = {"status": "text", "reason": "text", "flags": "text"}
ORIGIN: dict[str, KindName] = {
    "seed": "count",
    **dict.fromkeys(("attnprof_version", "torch_version", "device_name"), "text"),
}
FIELDS = {**IDENTITY, **SIZE, **OUTCOME, **ORIGIN}  # the columns that are no metric's
HEADER = (
    *IDENTITY, *SIZE, "status", "reason",
    "params", "trainable_params", "buffers", "macs", "flops", "flops_incomplete",
    "bytes_moved", "minimal_bytes",
    "arithmetic_intensity", "activation_memory_bytes", "fvcore_macs", "thop_macs",
    "latency_s", "latency_ci_low_s", "latency_ci_high_s", "latency_ci_kind", "latency_p90_s", "latency_n",
    "device_time_s", "throughput_per_s", "bound_s", "efficiency", "peak_memory_bytes",
    "flags", "output_shape", *ORIGIN,
)  # fmt: skip
# Columns that may hold what a user or a module wrote.
USERS = ("module", "variant", "host", "place", "reason", "remarks", "device_name")
PROCESSES = "processes"  # how many processes measured a case: a measurement without a metric
REMARKS = "remarks"  # how modules of the user's were built and called, and what they give
INT64 = 2**63


def interval_columns(metric: Metric) -> tuple[str, str, str, str]:
    """The columns of a metric's interval: its ends, its kind, and how many samples are behind the figure."""
    low, high = metric.ends
    return low, high, f"{metric.name}_ci_kind", f"{metric.name}_n"


def column_kinds() -> dict[str, KindName]:
    """Column -> what it holds, for every column that a field, a metric or its interval declares."""
    kinds: dict[str, KindName] = {**FIELDS, PROCESSES: "count", REMARKS: "text"}
    for column, name in columns().items():
        metric = METRICS.get(name)
        kinds[column] = metric.kind
        if metric.interval:
            low, high, kind, samples = interval_columns(metric)
            kinds |= {low: metric.kind, high: metric.kind, kind: "text", samples: "count"}
    return kinds


def kind_of_values(values: Iterable[Any]) -> KindName:
    """What a column holds that nothing declares, by its values alone: texts, whole numbers, or others."""
    types = {type(value) for value in values if value is not None}
    if str in types:
        return "text"
    return "count" if types <= {int} else "number"


def nullable(frame: pd.DataFrame, kinds: Mapping[str, KindName]) -> pd.DataFrame:
    """``frame`` with pandas' nullable dtypes: Int64, Float64 and string. Every integer stays exact.

    A column of whole numbers of which one does not fit 64 bits keeps Python's own.
    """
    typed = {str(name): _series(frame[name].tolist(), kinds.get(str(name))) for name in frame.columns}
    return pd.DataFrame(typed, index=frame.index, columns=frame.columns)


def _series(values: Sequence[Any], kind: KindName | None) -> pd.Series:
    """One column; None in ``values`` stands for a missing value."""
    dtype = _dtype([value for value in values if value is not None], kind)
    if dtype == "Float64":
        values = [None if value is None else float(value) for value in values]
    return pd.Series(values, dtype=dtype)


def _dtype(values: Sequence[Any], kind: KindName | None) -> str:
    """The dtype in which ``values``, none of them None, stay what they are. kind: None where nothing declares
    it."""
    if kind == "text" or str in map(type, values):
        return "string"
    whole = [value for value in values if isinstance(value, int)]
    if any(not -INT64 <= value < INT64 for value in whole):
        return "object"
    if len(whole) == len(values) and kind in (None, "count", "bytes"):
        return "Int64"
    return "Float64"
