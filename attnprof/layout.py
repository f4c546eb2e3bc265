"""What a person is shown of results: the columns, how a figure is written, and the caption that conditions it."""

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from attnprof.environment import Environment, machines
from attnprof.hosts import PLAIN
from attnprof.record import HOT
from attnprof.relative import OVER
from attnprof.results import Results, varying
from attnprof.selection import spoken
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
    spread = f" (n={row['latency_n']})" if low is None else f" ± {show_share(max(value - low, high - value) / value)}"
    return show_seconds(value) + spread


def _bytes(name: str) -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else show_bytes(row[name])


def _flops(row: Row) -> str:
    known = "" if row.get("flops") is None else show_count(row["flops"])
    return f">= {known}" if row.get("flops_incomplete") == "true" else known


def _peer(name: str) -> Callable[[Row], str]:
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
    return spoken(row["module"], row["variant"], json.loads(row["hyperparameters"] or "{}"))


def _size(row: Row) -> str:
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
    Column("size", "HxW", 99, _size),
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
    Column("fvcore_macs", "fvcore", 40, _peer("fvcore_macs")),
    Column("thop_macs", "thop", 39, _peer("thop_macs")),
    Column("flopcounter_macs", "FlopCounterMode", 38, _peer("flopcounter_macs")),
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


def _machine(environment: Environment) -> str:
    threads = environment.get("threads")
    name = environment.get("device_name") or ""
    return f"{environment.get('device')} ({name}, {threads} thread{'' if threads == 1 else 's'})"


def _why(rows: Sequence[Row], shown: set[str]) -> str:
    """The command that explains the row whose counters disagree most; nothing where all agree."""
    names = [name for name in ("fvcore_macs", "thop_macs", "flopcounter_macs") if name in shown]

    def apart(row: Row) -> float:
        theirs = [(row[name] + 1) / (row["macs"] + 1) for name in names if row.get(name) is not None]
        return max((max(ratio, 1 / ratio) for ratio in theirs), default=1.0)

    asked = [row for row in rows if row.get("macs") is not None and not row.get("host") and apart(row) > 1]
    if not asked:
        return ""
    row = max(asked, key=apart)
    name = f"{row['module']}({row['variant']})" if row["variant"] else row["module"]
    size = row["height"] if row["height"] == row["width"] else _size(row)
    target = f"{name}@{row['channels']}@{size}"
    return f" Why: attnprof explain {shlex.quote(target)}"


def _intervals(rows: Sequence[Row]) -> str:
    """What stands behind the '±' of the latencies."""
    counts = sorted({row["processes"] for row in rows if row.get("latency_ci_kind") == "processes"})
    counts = [n for n in counts if n is not None]
    words = {
        "processes": f"95 % interval from {' to '.join(map(str, dict.fromkeys(counts[:1] + counts[-1:])))} processes",
        "samples": "95 % interval within a process",
        "spread": "half of the samples, which is no interval",
    }
    kinds = {row.get("latency_ci_kind") for row in rows}
    found = [text for kind, text in words.items() if kind in kinds]
    return f", ± {' or '.join(found)}" if found else ""


def caption(results: Results, columns: Sequence[Column]) -> list[str]:
    """The conditions under which the figures hold, and what the headings of ``columns`` mean."""
    rows, environment, shown = results.rows(), results.environment, {c.name for c in columns}
    if not rows:
        return ["no cell was finished"]
    first = rows[0]
    vary = varying(rows, ("height", "width", "mode", "batch", "dtype", "layout", "execution"))
    parts = [str(first.get("host"))] if first.get("host") and not varying(rows, ("host",)) else []
    parts += [] if {"height", "width"} & set(vary) else [_size(first) + " input" * bool(first.get("host"))]
    parts += [f"modules {where[0]}"] if len(where := places(rows)) == 1 else []
    parts += [f"batch {first['batch']}", str(first["dtype"])]
    parts += [] if "mode" in vary else [{"train": "train (forward + backward)"}.get(first["mode"], first["mode"])]
    parts += [] if first["layout"] == "contiguous" else [first["layout"]]
    counted = environment.get("device") == "meta"
    if counted:
        parts.append("counted on meta tensors")
    else:
        parts.append("; ".join(map(_machine, machines(environment))))
    if environment.get("started"):
        parts.append(str(environment["started"]).replace("T", " ")[:16])
    lines = [", ".join(parts)]
    if "macs" in shown:
        lines.append("MACs: multiply-accumulates of convolution, linear, matmul; exact.")
    if "flops" in shown:
        lines.append("FLOPs: all floating-point operations, 2 per MAC; exact.")
    peers = [c.title for c in columns if c.name in ("fvcore_macs", "thop_macs", "flopcounter_macs")]
    if peers:
        lines.append(f"{', '.join(peers)}: what they count as MACs, over ours (+n where ours is 0).{_why(rows, shown)}")
        if any(row["mode"] == "train" for row in rows):
            lines.append(
                f"{', '.join(peers)} count the forward pass alone; ours of a train row are forward and backward."
            )
    if "added_macs_share" in shown:
        lines.append("+%: over the plain network under the same conditions.")
    if "latency_s" in shown:
        inputs = "one input, hot in cache" if HOT in str(first.get("flags")).split() else "inputs cold in cache"
        lines.append(f"latency: median call, {inputs}{_intervals(rows)}.")
    if "device_time_s" in shown:
        lines.append("device: kernels alone, by the device's own clock, inputs cold in cache.")
    if "peak_memory_bytes" in shown:
        lines.append("memory: most bytes allocated during a call, output included.")
    if "efficiency" in shown:
        lines.append("of bound: the least time that the device's measured peaks allow, over the latency.")
    for baseline in dict.fromkeys(name.partition(OVER)[2] for name in sorted(shown) if OVER in name):
        lines.append(
            f"/{baseline}: over the figure of {baseline}; ≈ where their intervals overlap: no difference shown."
        )
    return lines
