"""What a person is shown of results: the columns, and how a figure is written in each."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from attnprof.catalogue.selection import display_name
from attnprof.networks import PLAIN
from attnprof.units import show_bytes, show_change, show_count, show_seconds, show_share, significant

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column for people. keep: the higher, the later it leaves a narrow terminal. name: of the CSV column behind it.

    at: the heading under which rows stand side by side; None for what these rows share.
    """

    name: str
    title: str
    keep: int
    write: Callable[[Row], str]
    right: bool = True
    at: str | None = ""


def plain(name: str) -> Callable[[Row], str]:
    """Writes the column ``name`` as it is; nothing where there is nothing."""
    return lambda row: "" if row.get(name) is None else str(row[name])


def _count(name: str) -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else show_count(row[name])


def _seconds(name: str) -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else show_seconds(row[name])


def _latency(row: Row) -> str:
    value, low, high = (row.get(f"latency_{end}s") for end in ("", "ci_low_", "ci_high_"))
    if value is None:
        return ""
    spread = (
        f" (n={row['latency_n']})"
        if low is None
        else f" ± {show_share(max(value - low, high - value) / value)}"
    )
    return show_seconds(value) + spread


def _bytes(name: str) -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else show_bytes(row[name])


def _flops(row: Row) -> str:
    known = "" if row.get("flops") is None else show_count(row["flops"])
    return f">= {known}" if row.get("flops_incomplete") == "true" else known


def _counter_ratio(name: str) -> Callable[[Row], str]:
    def write(row: Row) -> str:
        theirs, ours = row.get(name), row.get("macs")
        if theirs is None or ours is None:
            return ""
        if theirs == ours:
            return "="
        return f"{significant(theirs / ours)}x" if ours else f"+{show_count(theirs)}"

    return write


def title(row: Row) -> str:
    """The module with its variant, by name where the catalogue has one: ``ge(theta)``, ``cbam(reduction=4)``.

    A network without a module is 'plain'.
    """
    if row.get("host") and row["module"] == PLAIN:
        return "plain"
    return display_name(row["module"], row["variant"], json.loads(row["hyperparameters"] or "{}"))


def size(row: Row) -> str:
    """Height and width: 28x40."""
    return f"{row['height']}x{row['width']}"


def _by_stage(row: Row) -> str:
    """Shares in per cent, numbered stages in their order, other parts of a network with their names."""
    found = json.loads(row.get("macs_by_stage") or "{}")
    whole = sum(found.values()) or 1
    shares = {name: f"{100 * macs / whole:.0f}" for name, macs in found.items()}
    numbered = " ".join(share for name, share in shares.items() if name.isdigit())
    named = [f"{name} {share}" for name, share in shares.items() if not name.isdigit()]
    return ", ".join(filter(None, [numbered, *named]))


def _added(name: str) -> Callable[[Row], str]:
    def write(row: Row) -> str:
        value, low, high = (row.get(name + end) for end in ("", "_ci_low", "_ci_high"))
        if value is None:
            return ""
        spread = "" if low is None or high is None else f" ± {show_share(max(value - low, high - value))}"
        return show_change(value) + spread

    return write


COLUMNS = (
    Column("host", "network", 100, plain("host"), right=False),
    Column("channels", "C", 100, plain("channels")),
    Column("size", "HxW", 99, size),
    Column("mode", "mode", 98, plain("mode"), right=False),
    Column("device_name", "device", 97, plain("device_name"), right=False),
    Column("module", "module", 100, title, right=False),
    Column("place", "place", 70, plain("place"), right=False),
    Column("params", "params", 90, _count("params")),
    Column("added_params_share", "params +%", 75, _added("added_params_share")),
    Column("trainable_params", "trainable", 5, _count("trainable_params")),
    Column("buffers", "buffers", 4, _count("buffers")),
    Column("macs", "MACs", 91, _count("macs")),
    Column("added_macs_share", "MACs +%", 92, _added("added_macs_share")),
    Column("flops", "FLOPs", 60, _flops),
    Column("bytes_moved", "moved", 7, _bytes("bytes_moved")),
    Column("minimal_bytes", "least bytes", 6, _bytes("minimal_bytes")),
    Column("arithmetic_intensity", "FLOP/byte", 6, lambda r: "" if r.get("arithmetic_intensity") is None else significant(r["arithmetic_intensity"])),
    Column("activation_memory_bytes", "activations", 30, _bytes("activation_memory_bytes")),
    Column("fvcore_macs", "fvcore", 40, _counter_ratio("fvcore_macs")),
    Column("thop_macs", "thop", 39, _counter_ratio("thop_macs")),
    Column("flopcounter_macs", "FlopCounterMode", 38, _counter_ratio("flopcounter_macs")),
    Column("latency_s", "latency", 95, _latency),
    Column("added_latency_share", "latency +%", 94, _added("added_latency_share")),
    Column("latency_p90_s", "p90", 10, _seconds("latency_p90_s")),
    Column("device_time_s", "device", 88, _seconds("device_time_s")),
    Column("back_to_back_s", "back to back", 11, _seconds("back_to_back_s")),
    Column("first_call_s", "first call", 8, _seconds("first_call_s")),
    Column("compile_time_s", "compile", 45, _seconds("compile_time_s")),
    Column("reference_s", "reference", 2, _seconds("reference_s")),
    Column("throughput_per_s", "images/s", 9, lambda r: "" if r.get("throughput_per_s") is None else significant(r["throughput_per_s"])),
    Column("peak_memory_bytes", "memory", 80, _bytes("peak_memory_bytes")),
    Column("macs_by_stage", "MACs by stage, %", 93, _by_stage, right=False),
    Column("requested_memory_bytes", "requested", 3, _bytes("requested_memory_bytes")),
    Column("reserved_memory_bytes", "reserved", 3, _bytes("reserved_memory_bytes")),
    Column("kept_memory_bytes", "kept", 3, _bytes("kept_memory_bytes")),
    Column("bound_s", "bound", 12, _seconds("bound_s")),
    Column("efficiency", "of bound", 70, lambda r: "" if r.get("efficiency") is None else show_share(r["efficiency"])),
    Column("output_shape", "output", 3, plain("output_shape")),
)  # fmt: skip
DEFAULT = (  # columns that are shown without being asked for, where they say something
    "host",
    "channels",
    "size",
    "mode",
    "device_name",
    "module",
    "place",
    "params",
    "added_params_share",
    "macs",
    "added_macs_share",
    "flops",
    "fvcore_macs",
    "thop_macs",
    "flopcounter_macs",
    "latency_s",
    "device_time_s",
    "added_latency_share",
    "compile_time_s",
    "peak_memory_bytes",
    "efficiency",
)


def places(rows: Sequence[Row]) -> list[str]:
    """Where in a network modules are, each place once."""
    return list(dict.fromkeys(str(row["place"]) for row in rows if row.get("place")))


def varying(rows: Sequence[Row], names: Iterable[str]) -> list[str]:
    """Those of the columns whose value is not the same in all rows."""
    return [name for name in names if len({str(row.get(name)) for row in rows}) > 1]
