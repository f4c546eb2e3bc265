"""The conditions under which figures hold, and what their headings mean: the lines above, or below, every table."""

import shlex
from collections.abc import Sequence

from attnprof.records.environment import Environment, machines
from attnprof.records.record import HOT
from attnprof.results import Results
from attnprof.results.baseline import OVER
from attnprof.results.columns import Column, Row, places, size, varying


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
    sides = row["height"] if row["height"] == row["width"] else size(row)
    target = f"{name}@{row['channels']}@{sides}"
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
    parts += [] if {"height", "width"} & set(vary) else [size(first) + " input" * bool(first.get("host"))]
    parts += [f"modules {where[0]}"] if len(where := places(rows)) == 1 else []
    parts += [f"batch {first['batch']}", str(first["dtype"])]
    parts += (
        [] if "mode" in vary else [{"train": "train (forward + backward)"}.get(first["mode"], first["mode"])]
    )
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
    titles = [c.title for c in columns if c.name in ("fvcore_macs", "thop_macs", "flopcounter_macs")]
    if titles:
        lines.append(
            f"{', '.join(titles)}: what they count as MACs, over ours (+n where ours is 0).{_why(rows, shown)}"
        )
        if any(row["mode"] == "train" for row in rows):
            lines.append(
                f"{', '.join(titles)} count the forward pass alone; ours of a train row are forward and backward."
            )
    if "added_macs_share" in shown:
        lines.append("+%: over the plain network under the same conditions.")
    if "latency_s" in shown:
        inputs = (
            "one input, hot in cache" if HOT in str(first.get("flags")).split() else "inputs cold in cache"
        )
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
