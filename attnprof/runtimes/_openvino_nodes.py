"""The nodes of OpenVINO's compiled graph, by its performance counters."""

from collections.abc import Mapping, Sequence, Set

import openvino

from attnprof.records.case import Case
from attnprof.runtimes import NodeRun
from attnprof.runtimes._openvino import Inference
from attnprof.runtimes._origins import REORDERED, Exported, labels

LAYERS = "originalLayersNames"  # of a node: those that it was made of
TYPE = "layerType"
REORDER = "Reorder"
EXECUTED = openvino.ProfilingInfo.Status.EXECUTED


def nodes(model: bytes, inputs: Sequence[openvino.Tensor], case: Case) -> Sequence[Sequence[NodeRun]]:
    """The nodes of a call with each of ``inputs``, without those that no call ran."""
    inference = Inference(model, case.threads, PERF_COUNT=True)
    by_node = _origins(inference.compiled.get_runtime_model(), Exported(model))
    counters = []
    for x in inputs:
        inference(x)
        counters.append(inference.request.get_profiling_info())
    names = {each.node_name for of_call in counters for each in of_call if each.status == EXECUTED}
    return [_runs(of_call, names, by_node) for of_call in counters]


def _runs(
    counters: Sequence[openvino.ProfilingInfo], names: Set[str], by_node: Mapping[str, str]
) -> list[NodeRun]:
    """Those of the nodes ``names``. One that takes less than a microsecond counts as not executed."""
    return [
        NodeRun(
            each.node_name, each.node_type, each.real_time.total_seconds(), by_node.get(each.node_name, "")
        )
        for each in counters
        if each.node_name in names
    ]


def _origins(compiled: openvino.Model, exported: Exported) -> Mapping[str, str]:
    """What each node of ``compiled`` computes, by its name."""
    return {node.get_friendly_name(): _origin(node, exported) for node in compiled.get_ordered_ops()}


def _origin(node: openvino.Node, exported: Exported) -> str:
    about = node.get_rt_info()
    layers = about[LAYERS].astype(str) if LAYERS in about else ""
    if not layers and about[TYPE].astype(str) == REORDER:
        return REORDERED
    # A layer that OpenVINO has split off has the name of the layer, '/', and what it is.
    return labels(exported.named(layer.partition("/")[0]) for layer in layers.split(","))
