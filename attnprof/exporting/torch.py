"""torch.export's own format, for torch, AOTInductor and ExecuTorch."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn
from torch.export.graph_signature import OutputKind, TensorArgument
from torch.utils._pytree import tree_leaves

from attnprof.exporting import Graph, counted
from attnprof.runtimes import NotTaken
from attnprof.runtimes._onnx import reason_of

FACTS = "attnprof.json"  # among the extra files


def write(
    module: nn.Module, x: torch.Tensor, path: Path, facts: Mapping[str, str], opset: int | None
) -> Graph:
    """Write the program, with x as its example input and ``facts`` beside it. Raises NotTaken."""
    try:
        with torch.no_grad():
            program = torch.export.export(module, (x,))
    except Exception as problem:
        raise NotTaken(f"not exported by torch.export: {reason_of(problem)}") from problem
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # has paths of the machine that it was exported on
    torch.export.save(program, path, extra_files={FACTS: json.dumps(dict(facts))})
    calls = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    signature = program.graph_signature
    # Others than tensors, such as the None of (y, None), are constants of the program.
    tensors = [spec.arg for spec in signature.output_specs if spec.kind is OutputKind.USER_OUTPUT]
    names = [each.name for each in tensors if isinstance(each, TensorArgument)]
    return Graph(tuple(map(str, signature.user_inputs)), tuple(names), counted(calls))


def outputs(path: Path, x: torch.Tensor) -> list[torch.Tensor]:
    """What the program computes."""
    with torch.no_grad():
        result = torch.export.load(path).module()(x)
    return [value for value in tree_leaves(result) if isinstance(value, torch.Tensor)]
