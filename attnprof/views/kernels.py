"""The kernels of one call as a document: how often each runs, how long, and what the call takes besides."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from attnprof.explaining.kernels import KernelReport, KernelUse
from attnprof.measuring.estimators import ESTIMATORS
from attnprof.measuring.timing import MeasuredTime
from attnprof.records.case import Case
from attnprof.records.environment import Environment, device_words
from attnprof.records.record import FLAGS
from attnprof.units import show_figure, show_seconds, show_share
from attnprof.views.document import Document, Remark, TableCell, TableColumn
from attnprof.views.explanation import title_of

SCREEN_ROWS = 15
SMALL = 0.01  # of the time: a terminal shows what takes less in one row
LONG_NAME = 50  # characters: a terminal says where whole names are
# What a C++ name has around what tells kernels apart: the result's type, the arguments, torch's namespaces.
RESULT = re.compile(r"^void ")
COMPUTES = "computes: the submodules and torch's operators that a node comes from, where these are known."
ARGUMENTS = re.compile(r"\([^()]*\)$")
NAMESPACES = re.compile(r"\(anonymous namespace\)::|\b(?:at|native|c10|cuda|detail)::")
HEADER = ("kernel", "runs", "time_s", "time_ci_low_s", "time_ci_high_s", "share", "calls")
OF_NODES = ("operator", "computes")  # what records of a runtime's nodes have besides
METHODS = {
    "kernel": "Time of the device in each kernel, as torch's profiler sees it",
    "operator": "CPU time in each operator without those within it, as torch's profiler sees it",
    "node": "Time in each node of the graph, by the runtime's own profiler, in whole microseconds",
}
OUTSIDE = {
    "kernel": "no kernel: launches, Python, the wait at the end",
    "operator": "no operator: Python between them",
    "node": "no node: the call itself, and the way from node to node",
}
INSIDE = {
    "kernel": "some of them run side by side",
    "operator": "the profiler, and other programs meanwhile, make them longer",
    "node": "the profiler, and other programs meanwhile, make them longer",
}


def document(case: Case, name: str, environment: Environment, report: KernelReport) -> Document:
    """A row for each kernel, the longest first, and one for all of them; a terminal shows the large ones.

    name: what the field calls the module.
    """
    above = [Remark(title_of(case, name)), Remark(_conditions(case, environment))]
    above += [Remark(_method(report))] if report.total else []
    above += [Remark(COMPUTES)] if _is_of_nodes(report) else []
    below = [*_beyond(report), *(f"{flag}: {FLAGS[flag]}" for flag in report.flags)]
    shared: dict[str, Any] = {
        "columns": _columns(report) if report.total else (),
        "above": above,
        "header": (*HEADER, *OF_NODES) if _is_of_nodes(report) else HEADER,
        "records": lambda: [_record(use, report) for use in report.uses],
        "data": lambda: _data(case, environment, report),
    }
    screen = Document(rows=_rows(_large(report), report), below=[*below, *_hints(report)], **shared)
    return Document(rows=_rows(report.uses, report), below=below, screen=lambda: screen, **shared)


def short_name(name: str, width: int) -> str:
    """The name of a kernel in ``width`` characters: what is always there goes first, then its end."""
    if len(name) <= width:
        return name
    bare = NAMESPACES.sub("", ARGUMENTS.sub("", RESULT.sub("", name)))
    return bare if len(bare) <= width else f"{bare[: width - 1]}…"


def _is_of_nodes(report: KernelReport) -> bool:
    return report.kind == "node" and report.total is not None


def cut_short(text: str, width: int) -> str:
    """``text`` in ``width`` characters: without its end."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _columns(report: KernelReport) -> tuple[TableColumn, ...]:
    if _is_of_nodes(report):
        return (
            TableColumn("operator", "operator", right=False),
            TableColumn("computes", "computes", right=False, keep=4, shorten=cut_short),
            TableColumn("time_s", "time", "seconds", keep=3),
            TableColumn("share", "share", "share", keep=2),
            TableColumn("kernel", "node", right=False, keep=1, shorten=cut_short),
        )
    return (
        TableColumn("kernel", report.kind, right=False, shorten=short_name),
        TableColumn("runs", "runs", "count", keep=1),
        TableColumn("time_s", "time", "seconds", keep=3),
        TableColumn("share", "share", "share", keep=2),
    )


def _conditions(case: Case, environment: Environment) -> str:
    parts = [
        case.input_text,
        case.dtype,
        f"autocast {case.autocast}" if case.autocast else "",
        "train: forward + backward" if case.mode == "train" else "eval",
        "" if case.layout == "contiguous" else case.layout,
        "" if case.execution == "eager" else case.execution,
        device_words(environment, case.dtype),
        "one input, hot in cache" if case.inputs == "hot" else "inputs not in cache (cold)",
    ]
    return ", ".join(filter(None, parts))


def _method(report: KernelReport) -> str:
    """What the columns hold."""
    columns = "time" if _is_of_nodes(report) else "runs, time"
    return f"{columns}: of one call. {METHODS[report.kind]}; {_statistic(report)}."


def _statistic(report: KernelReport) -> str:
    if not report.estimator:
        return f"mean of {report.calls} calls, which do not all run the same"
    has_interval = any(use.interval for use in report.uses)
    return f"{ESTIMATORS[report.estimator].title} (n = {report.calls}){', ± 95 % interval' * has_interval}"


def _large(report: KernelReport) -> list[KernelUse]:
    """The kernels that take most of the time, and one for all others."""
    large = [use for use in report.uses[:SCREEN_ROWS] if use.share >= SMALL]
    small = report.uses[len(large) :]
    if len(small) < 2:
        return list(report.uses)
    runs, seconds, share = (sum(getattr(use, name) for use in small) for name in ("runs", "seconds", "share"))
    return [*large, KernelUse(f"{len(small)} others", runs, seconds, share=share)]


def _rows(uses: Sequence[KernelUse], report: KernelReport) -> list[list[TableCell]]:
    total = [report.total] if report.total else []
    row = _node_row if _is_of_nodes(report) else _row
    return [row(use) for use in (*uses, *total)]


def _node_row(use: KernelUse) -> list[TableCell]:
    """One without an operator stands for several nodes."""
    return [
        TableCell(use.operator or use.name or "all"),
        TableCell(use.origin),
        TableCell(use.seconds, use.interval),
        TableCell(use.share),
        TableCell(use.name if use.operator else ""),
    ]


def _row(use: KernelUse) -> list[TableCell]:
    return [
        TableCell(use.name or "all"),
        TableCell(_count(round(use.runs, 2))),
        TableCell(use.seconds, use.interval),
        TableCell(use.share),
    ]


def _count(runs: float) -> int | float:
    return int(runs) if runs == int(runs) else runs


def _beyond(report: KernelReport) -> list[str]:
    """What of the latency is no kernel; why there are no kernels."""
    latency = _latency(report.latency)
    if report.total is None or report.latency is None:
        return [*filter(None, [report.note]), latency]
    beyond = report.latency.seconds - report.total.seconds
    if beyond < 0:
        return [f"{latency}: {show_seconds(-beyond)} less than these {report.kind}s; {INSIDE[report.kind]}."]
    share = show_share(beyond / report.latency.seconds)
    return [f"{latency}: {show_seconds(beyond)} of it ({share}) is {OUTSIDE[report.kind]}."]


def _latency(latency: MeasuredTime | None) -> str:
    if latency is None:
        return "latency: none, as other programs took the CPU from its threads"
    return f"latency {show_figure('seconds', latency.seconds, latency.interval)}, without the profiler"


def _hints(report: KernelReport) -> list[str]:
    if all(len(use.name) <= LONG_NAME and len(use.origin) <= LONG_NAME for use in report.uses):
        return []
    return ["whole names: --format csv"]


def _record(use: KernelUse, report: KernelReport) -> dict[str, Any]:
    low, high = use.interval or (None, None)
    values = (use.name, _count(use.runs), use.seconds, low, high, use.share, report.calls)
    of_node = dict(zip(OF_NODES, (use.operator, use.origin), strict=True)) if _is_of_nodes(report) else {}
    return {**dict(zip(HEADER, values, strict=True)), **of_node}


def _data(case: Case, environment: Environment, report: KernelReport) -> dict[str, Any]:
    """Everything, exact."""
    fields = asdict(report)
    latency = report.latency._asdict() if report.latency else None
    return {"case": case.to_json(), "environment": environment, **fields, "latency": latency}
