"""Which parts of a module a runtime's node computes, as far as exporter and runtime say so."""

from ast import literal_eval
from collections.abc import Iterable, Mapping, Sequence

import onnx

SCOPES = "pkg.torch.onnx.name_scopes"  # of a node: the submodules around it, from the outermost, and its own
CLASSES = "pkg.torch.onnx.class_hierarchy"  # their classes, and its operator
OF_TORCH = "torch.nn.modules."
# What ONNX Runtime calls a node in its blocked layout: the value that it computes, and this.
BLOCKED = "_nchwc"
LAYOUT = "ReorderInput", "ReorderOutput"  # to that layout, and back
REORDERED = "(layout)"  # what a node computes that brings a value into another layout


class Exported:
    """A model as torch's exporter wrote it."""

    def __init__(self, model: bytes) -> None:
        graph = onnx.load_from_string(model).graph
        self.nodes: Sequence[onnx.NodeProto] = list(graph.node)
        self.producers = {value: node for node in self.nodes for value in node.output}
        self._inputs = {value.name for value in graph.input}

    def between(self, inputs: Iterable[str], output: str) -> list[onnx.NodeProto] | None:
        """The nodes that make the value ``output`` of the values ``inputs``; None where it needs others."""
        boundary, names, pending = set(inputs), set(), [output]
        while pending:
            value = pending.pop()
            if value in boundary:
                continue
            if value in self._inputs:
                return None
            node = self.producers.get(value)
            if node and node.name not in names:
                names.add(node.name)
                pending += node.input
        return [node for node in self.nodes if node.name in names]

    def named(self, name: str) -> onnx.NodeProto | None:
        """The node ``name``, or the one that makes the value of that name."""
        by_name = (node for node in self.nodes if node.name == name)
        return next(by_name, self.producers.get(name))


def label(node: onnx.NodeProto) -> str:
    """'channel.squeeze: Linear' or 'channel: relu', as in ``explain``; empty where nothing says so."""
    about = {entry.key: entry.value for entry in node.metadata_props}
    if SCOPES not in about or CLASSES not in about:
        return ""
    *scopes, _ = literal_eval(about[SCOPES])
    *classes, operator = literal_eval(about[CLASSES])
    path = scopes[-1] if scopes else ""
    name = _class_of_torch(classes) or operator.removeprefix("aten.").partition(".")[0]
    return f"{path}: {name}" if path else name


def _class_of_torch(classes: Sequence[str]) -> str:
    """'Linear', where the innermost of ``classes`` is one of torch's; else empty."""
    innermost = classes[-1] if classes else ""
    return innermost.rpartition(".")[2] if innermost.startswith(OF_TORCH) else ""


def labels(nodes: Iterable[onnx.NodeProto | None]) -> str:
    """Those of ``nodes`` on one line, each once."""
    return ", ".join(dict.fromkeys(filter(None, (label(node) for node in nodes if node))))


def origins(exported: Exported, optimised: onnx.ModelProto) -> Mapping[str, Sequence[str]]:
    """What each node of ``optimised``, which ONNX Runtime made of ``exported``, computes: by name, and of
    nodes of one name in their order.

    A node is the part of the exported graph between values that both graphs have. Where the optimiser has
    changed these, it is the exported node of its name, or of its output, if that has the same operator; else
    it is empty.
    """
    values = {value.name: value.name for value in optimised.graph.input}  # as the exported graph calls them
    by_node: dict[str, list[str]] = {}
    for node in optimised.graph.node:
        if node.op_type in LAYOUT:
            values[node.output[0]] = values.get(node.input[0], "")
            by_node.setdefault(node.name, []).append(REORDERED)
            continue
        values |= {value: _exported_name(node, value, exported) for value in node.output}
        inputs = [values[value] for value in node.input if value in values]  # the others are constants
        output = values[node.output[0]]
        parts = exported.between(inputs, output) if all(inputs) else []
        own = labels(parts or [_alike(node, output, exported)])
        by_node.setdefault(node.name, []).append(own)
    return by_node


def _exported_name(node: onnx.NodeProto, value: str, exported: Exported) -> str:
    """What the exported graph calls an output of a node; empty where it has none such."""
    if value in exported.producers:
        return value
    name = node.name.removesuffix(BLOCKED)
    return name if name in exported.producers and node.name.endswith(BLOCKED) else ""


def _alike(node: onnx.NodeProto, output: str, exported: Exported) -> onnx.NodeProto | None:
    """The exported node of this name, or that makes ``output``, by the same operator; None without one."""
    other = exported.named(node.name) or exported.producers.get(output)
    return other if other and other.op_type == node.op_type else None
