"""ONNX: the model that the runtimes of other frameworks are measured with."""

from collections.abc import Mapping
from pathlib import Path

import onnx
import torch
from torch import nn

from attnprof.exporting import Graph, counted
from attnprof.runtimes import NotTaken
from attnprof.runtimes._onnx import exported
from attnprof.runtimes._onnxruntime import Session

STACK = "pkg.torch.onnx.stack_trace"  # has paths of the machine that it was exported on


def write(
    module: nn.Module, x: torch.Tensor, path: Path, facts: Mapping[str, str], opset: int | None
) -> Graph:
    """Write the model with ``facts`` in its metadata. Raises NotTaken."""
    model = onnx.load_from_string(exported(module, x, opset))
    version = next(each.version for each in model.opset_import if not each.domain)
    if opset not in (None, version):
        raise NotTaken(f"torch's exporter does not write it in opset {opset}, but in {version}")
    _drop_stacks(model)
    onnx.helper.set_model_props(model, {f"attnprof.{name}": text for name, text in facts.items()})
    path.write_bytes(model.SerializeToString())
    return Graph(
        tuple(each.name for each in model.graph.input),
        tuple(each.name for each in model.graph.output),
        counted([node.op_type for node in model.graph.node]),
        version,
    )


def outputs(path: Path, x: torch.Tensor) -> list[torch.Tensor]:
    """What ONNX Runtime computes of the file."""
    try:
        session = Session(path.read_bytes(), threads=1)
    # its exceptions have no class of their own
    except Exception as problem:
        raise NotTaken(f"ONNX Runtime does not read it: {problem}") from problem
    return session.outputs(x)


def _drop_stacks(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        remaining = [each for each in node.metadata_props if each.key != STACK]
        del node.metadata_props[:]
        node.metadata_props.extend(remaining)
