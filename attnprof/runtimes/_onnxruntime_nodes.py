"""The nodes of ONNX Runtime's optimised graph, by the profiler of its session."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import onnxruntime

from attnprof.records.case import Case
from attnprof.runtimes import NodeRun
from attnprof.runtimes._onnxruntime import Session, session_options
from attnprof.runtimes._origins import Exported, origins

KERNEL = "_kernel_time"  # ends the name of an event that is a run of a node
CALL = "model_run"  # the event that a call ends with


def nodes(model: bytes, inputs: Sequence[onnxruntime.OrtValue], case: Case) -> Sequence[Sequence[NodeRun]]:
    """The nodes of a call with each of ``inputs``."""
    with TemporaryDirectory(prefix="attnprof-profile-") as folder:
        optimised = Path(folder, "optimised.onnx")
        options = session_options(case.threads)
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder, "profile"))
        options.optimized_model_filepath = str(optimised)
        session = Session(model, case.threads, options)
        for x in inputs:
            session(x)
        events = json.loads(Path(session.end_profiling()).read_bytes())
        by_node = origins(Exported(model), onnx.load(optimised))
    return [_named_apart(call, by_node) for call in calls_of(events)]


def calls_of(events: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The events of each call that are runs of nodes."""
    call: list[Mapping[str, Any]] = []
    for event in events:
        if event["name"] == CALL:
            yield call
            call = []
        elif event.get("cat") == "Node" and event["name"].endswith(KERNEL):
            call.append(event)


def _named_apart(events: Sequence[Mapping[str, Any]], by_node: Mapping[str, Sequence[str]]) -> list[NodeRun]:
    """The runs of a call: nodes of one name get their index behind it, and the origins of that name in turn,
    if there are as many."""
    names = [event["name"].removesuffix(KERNEL) for event in events]
    pending = {name: iter(labels) for name, labels in by_node.items() if len(labels) == names.count(name)}
    runs = []
    for name, event in zip(names, events, strict=True):
        about = event["args"]
        own_name = name if names.count(name) == 1 else f"{name} {about['node_index']}"
        origin = next(pending[name]) if name in pending else ""
        runs.append(NodeRun(own_name, about["op_name"], event["dur"] / 1e6, origin))
    return runs
