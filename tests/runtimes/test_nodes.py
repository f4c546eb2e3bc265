"""The nodes of a runtime's graph: which parts of a module they come from, and that every call has them."""

import pytest
import torch

from attnprof.catalogue import entry
from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES
from attnprof.subject.build import build
from attnprof.subject.inputs import example

CPU = torch.device("cpu")
PROFILED = [name for name in RUNTIMES.names() if RUNTIMES.get(name).profiler]


@pytest.fixture(scope="module")
def onnx():
    return pytest.importorskip("onnx")


@pytest.fixture
def graph(onnx):
    """An ONNX model of nodes 'operator name inputs outputs scopes classes'; x is its input."""

    def make(*lines):
        nodes = []
        for operator, name, inputs, outputs, *about in lines:
            node = onnx.helper.make_node(operator, inputs.split(), outputs.split(), name=name)
            for key, value in zip(("name_scopes", "class_hierarchy"), about, strict=False):
                entry = node.metadata_props.add()
                entry.key, entry.value = f"pkg.torch.onnx.{key}", str(value)
            nodes.append(node)
        x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
        return onnx.helper.make_model(onnx.helper.make_graph(nodes, "graph", [x], []))

    return make


@pytest.fixture
def exported(graph):
    """A linear, its relu and a product, as the exporter writes them."""
    from attnprof.runtimes._origins import Exported

    linear = "torch.nn.modules.linear.Linear"
    model = graph(
        ("Gemm", "node_linear", "x weight", "linear", ["", "fc", "linear"], ["Gate", linear, "aten.linear.default"]),
        ("Relu", "node_relu", "linear", "relu", ["", "relu"], ["Gate", "aten.relu.default"]),
        ("Transpose", "node_t", "relu", "t", ["", "gate", "t"], ["Gate", "Inner", "aten.t.default"]),
        ("Mul", "node_mul", "x t", "mul", ["", "mul"], ["Gate", "aten.mul.Tensor"]),
    )  # fmt: skip
    return Exported(model.SerializeToString())


@pytest.mark.parametrize(
    ("node", "origin"),
    [
        (("Gemm", "node_linear", "x weight", "linear"), "fc: Linear"),
        (("FusedGemm", "fused", "x weight", "relu"), "fc: Linear, relu"),
        (("FusedAll", "all", "x weight", "mul"), "fc: Linear, relu, gate: t, mul"),
        (("Conv", "relu_nchwc", "x reordered", "token"), "fc: Linear, relu"),
        (("Mul", "node_mul", "x other", "mul"), "mul"),  # the optimiser has changed an operand
        (("Mul", "renamed", "x other", "mul"), "mul"),
        (("Mul", "renamed", "x other", "new"), ""),
        (("Transpose", "inserted", "x", "new"), ""),
    ],
)
def test_a_node_comes_from_what_lies_between_its_values(exported, graph, node, origin):
    from attnprof.runtimes._origins import origins

    other = "Reshape", "reshape", "x", "other"  # a value that the exported graph has not
    assert origins(exported, graph(other, node))[node[1]] == [origin]


def test_a_change_of_layout_changes_no_value(exported, graph):
    from attnprof.runtimes._origins import origins

    optimised = graph(
        ("Gemm", "node_linear", "x weight", "linear"),
        ("ReorderInput", "ReorderInput", "linear", "token"),
        ("Relu", "relu_nchwc", "token", "other"),
    )
    assert origins(exported, optimised)["relu_nchwc"] == ["relu"]


def test_a_node_of_which_the_exporter_says_nothing_has_no_label(graph):
    from attnprof.runtimes._origins import label

    assert label(graph(("Mul", "mul", "x x", "y")).graph.node[0]) == ""


def test_the_events_of_a_session_are_cut_into_calls_and_nodes_of_one_name_told_apart():
    pytest.importorskip("onnxruntime")
    from attnprof.runtimes._onnxruntime_nodes import _named_apart, calls_of

    def ran(name, index, operator="Mul"):
        about = {"op_name": operator, "node_index": str(index)}
        return {"cat": "Node", "name": f"{name}_kernel_time", "dur": 3, "args": about}

    session, call = (
        {"cat": "Session", "name": "session_initialization"},
        {"cat": "Session", "name": "model_run"},
    )
    fence = {"cat": "Node", "name": "a_fence_before", "dur": 1, "args": {}}
    events = [session, ran("a", 0), fence, ran("b", 1), call, ran("a", 0), ran("a", 2, "ReorderOutput"), call]
    calls = list(calls_of(events))
    assert [[event["name"] for event in each] for each in calls] == [
        ["a_kernel_time", "b_kernel_time"],
        ["a_kernel_time", "a_kernel_time"],
    ]
    runs = _named_apart(calls[1], {"a": ["mul", "(layout)"]})
    assert [(run.name, run.operator, run.origin) for run in runs] == [
        ("a 0", "Mul", "mul"),
        ("a 2", "ReorderOutput", "(layout)"),
    ]
    assert runs[0].seconds == 3e-6
    assert [run.origin for run in _named_apart(calls[1], {"a": ["mul"]})] == ["", ""]


@pytest.mark.filterwarnings("ignore")  # an exporter's, of torch's own
@pytest.mark.parametrize("name", PROFILED)
def test_every_call_has_the_same_nodes_and_their_origins_are_parts_of_the_module(name):
    runtime = RUNTIMES.get(name)
    if reason := runtime.unavailable():
        pytest.skip(reason)
    case = Case("cbam", 16, 8, 8, hyperparameters=entry("cbam").settings({}))
    module, x = build(case, CPU), example(case, CPU)
    calls = runtime.profile(runtime.exported(module, x), [runtime.as_input(x)] * 8, case)
    assert len(calls) == 8
    assert len({tuple(run.name for run in call) for call in calls}) == 1
    origins = ", ".join(run.origin for run in calls[0])
    for part in ("channel.squeeze: Linear", "channel.excite: Linear", "spatial: amax", "mul"):
        assert part in origins
    assert sum(run.seconds for call in calls for run in call) > 0
