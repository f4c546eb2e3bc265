"""The conditions under which figures hold, and what their headings mean: the lines about a table."""

import shlex
from collections import Counter
from collections.abc import Sequence

from attnprof.measuring.estimators import ESTIMATORS, MEDIAN
from attnprof.metrics import Metric, in_order
from attnprof.metrics import columns as metric_columns
from attnprof.records.environment import Environment, device_words, machines
from attnprof.records.record import HOT
from attnprof.results import Results
from attnprof.results.baseline import ADDED, SHARE
from attnprof.results.columns import Row, places, size, varying
from attnprof.results.ranks import RANK
from attnprof.views.document import Remark, TableColumn

VARYING = ("height", "width", "mode", "batch", "dtype", "layout", "execution")
RANKS = "rank: by latency among the modules of one size and runtime; = where others share it, ~ where rough."
INTERVALS = {
    "processes": "95 % interval from {processes}",
    "samples": "95 % interval within a process",
    "spread": "half of the samples, which is no interval",
    "resolution": "an update of the counter at either end",
    "rough": "rough, from one process",
}


def caption(results: Results, columns: Sequence[TableColumn]) -> list[Remark]:
    """The conditions under which the figures hold, and what the headings of ``columns`` mean."""
    rows = results.rows()
    remarks = [Remark(conditions(results))]
    if not rows:
        return remarks
    metrics = _metrics(columns)
    return [
        *remarks,
        *(_explanation(metric, rows, results.environment) for metric in metrics if metric.caption),
        *_blanks(metrics, results),
        *_other_counters([metric for metric in metrics if metric.counter], rows),
        *_increases(columns),
        *_baselines(columns),
        *_ranks(results),
    ]


def _ranks(results: Results) -> list[Remark]:
    """What the column of ranks means; a choice, which has a column of that name, says it by itself."""
    return [Remark(RANKS, frozenset([RANK]))] if RANK in results.frame.columns else []


def _metrics(columns: Sequence[TableColumn]) -> list[Metric]:
    """The metrics that ``columns`` are of, in the order of the registry."""
    names = {column.name for column in columns}
    return in_order([owner for name, owner in metric_columns().items() if name in names])


def conditions(results: Results) -> str:
    """Under which conditions all figures hold: size, batch, dtype, mode, machine, time.

    What varies is left out.
    """
    rows, environment = results.rows(), results.environment
    if not rows:
        return "no cell was finished"
    parts = _what_was_run(rows)
    if environment.get("device") == "meta":
        parts.append("counted on meta tensors")
    else:
        dtype = str(rows[0]["dtype"])
        parts.append("; ".join(device_words(each, dtype) for each in machines(environment)))
        parts += [f"{name} {about}" for name, about in (environment.get("runtimes") or {}).items()]
    if environment.get("started"):
        parts.append(str(environment["started"]).replace("T", " ")[:16])
    return ", ".join(parts)


def _what_was_run(rows: Sequence[Row]) -> list[str]:
    first, vary = rows[0], varying(rows, VARYING)
    parts = _where(rows)
    if len(places(rows)) == 1:
        parts.append(f"modules {places(rows)[0]}")
    if "batch" not in vary:
        parts.append(f"batch {first['batch']}")
    parts.append(str(first["dtype"]))
    if "mode" not in vary:
        parts.append("train (forward + backward)" if first["mode"] == "train" else first["mode"])
    return [*parts, *_unusual(rows)]


def _where(rows: Sequence[Row]) -> list[str]:
    """The network and the size that all rows share."""
    first, parts = rows[0], []
    if first.get("host") and not varying(rows, ("host",)):
        parts.append(str(first["host"]))
    if not varying(rows, ("height", "width")):
        parts.append(
            f"{first.get('network_input') or size(first)} input" if first.get("host") else size(first)
        )
    return parts


def _unusual(rows: Sequence[Row]) -> list[str]:
    """Layout and execution, where all rows have one that is not the usual one."""
    usual = {"layout": "contiguous", "execution": "eager"}
    shared = [(rows[0].get(name), usual[name]) for name in usual if not varying(rows, (name,))]
    return [str(value) for value, normal in shared if value not in (None, normal)]


def _explanation(metric: Metric, rows: Sequence[Row], environment: Environment) -> Remark:
    """The metric's line."""
    hot = HOT in str(rows[0].get("flags")).split()
    inputs = "one input, hot in cache" if hot else "inputs not in cache (cold)"
    estimator = _estimator(environment)
    text = metric.caption.replace("{inputs}", inputs).replace("{estimator}", estimator)
    on_device = any(row.get("device_time_s") is not None for row in rows)
    text = text.replace("{interval}", _intervals(metric, rows))
    text = text.replace("{time}", "device time" if on_device else "latency")
    return Remark(text, frozenset([metric.column]))


def _blanks(metrics: Sequence[Metric], results: Results) -> list[Remark]:
    """Why a column has no figure in any row."""
    rows, remarks = results.rows(), []
    for metric in metrics:
        reasons = Counter(text for (_, column), text in results.notes.items() if column == metric.column)
        if reasons and all(row.get(metric.column) is None for row in rows):
            reason, _ = reasons.most_common(1)[0]
            remarks.append(Remark(f"{metric.title}: no figure; {reason}", frozenset([metric.column])))
    return remarks


def _estimator(environment: Environment) -> str:
    """Which of the samples the latency is, where that is known: a CSV alone does not say it."""
    name = environment.get("estimator", MEDIAN.name)
    return ESTIMATORS[name].title if name in ESTIMATORS else "seconds of a call"


def _intervals(metric: Metric, rows: Sequence[Row]) -> str:
    """What stands behind the '±' of the metric's figures."""
    column = f"{metric.name}_ci_kind"
    kinds = {row.get(column) for row in rows}
    counts = sorted(
        {row["processes"] for row in rows if row.get(column) == "processes" and row.get("processes")}
    )
    ends = " to ".join(map(str, dict.fromkeys([*counts[:1], *counts[-1:]])))
    texts = [text.format(processes=f"{ends} processes") for kind, text in INTERVALS.items() if kind in kinds]
    return f", ± {' or '.join(texts)}" if texts else ""


def _other_counters(metrics: Sequence[Metric], rows: Sequence[Row]) -> list[Remark]:
    """One line for what other tools count, and one where they leave the backward pass out."""
    if not metrics:
        return []
    columns = [metric.column for metric in metrics]
    remarks = [Remark(f": other tools' MACs / ours.{_why(rows, columns)}", frozenset(columns), titled=True)]
    if any(row["mode"] == "train" for row in rows):
        text = " count the forward pass alone; ours of a train row are forward and backward."
        remarks.append(Remark(text, frozenset(columns), titled=True))
    return remarks


def _why(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """The command that explains the row whose counters disagree most; nothing where all agree."""

    def difference(row: Row) -> float:
        ratios = [(row[name] + 1) / (row["macs"] + 1) for name in columns if row.get(name) is not None]
        return max((max(ratio, 1 / ratio) for ratio in ratios), default=1.0)

    counted = [row for row in rows if row.get("macs") is not None and not row.get("host")]
    different = [row for row in counted if difference(row) > 1]
    if not different:
        return ""
    row = max(different, key=difference)
    name = f"{row['module']}({row['variant']})" if row["variant"] else row["module"]
    sides = row["height"] if row["height"] == row["width"] else size(row)
    target = f"{name}@{row['channels']}@{sides}"
    return f" Why: attnprof explain {shlex.quote(target)}"


def _increases(columns: Sequence[TableColumn]) -> list[Remark]:
    """What '+%' means, where a column has it in its heading."""
    names = {column.name for column in columns}
    shares = frozenset(name for name in names if name.startswith(ADDED) and name.endswith(SHARE))
    return [Remark("+%: over the plain network under the same conditions.", shares)] if shares else []


def _baselines(columns: Sequence[TableColumn]) -> list[Remark]:
    over: dict[str, set[str]] = {}
    for column in columns:
        if column.baseline:
            over.setdefault(column.baseline, set()).add(column.name)
    return [
        Remark(
            f"/{baseline}: over the figure of {baseline}; ≈ where their intervals overlap.",
            frozenset(names),
        )
        for baseline, names in sorted(over.items())
    ]
