"""OpenVINO's own format: the graph (.xml) with its weights (.bin)."""

from collections.abc import Mapping
from pathlib import Path

import openvino
import torch
from torch import nn

from attnprof.exporting import Graph, counted
from attnprof.runtimes import NotTaken
from attnprof.runtimes._onnx import exported
from attnprof.runtimes._openvino import reason_of

ENDS = ("Constant", "Parameter", "Result")  # that compute nothing
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


def write(
    module: nn.Module, x: torch.Tensor, path: Path, facts: Mapping[str, str], opset: int | None
) -> Graph:
    """Write the model with ``facts`` in its rt_info. Raises NotTaken."""
    model = _converted(exported(module, x, opset))
    for name, text in facts.items():
        model.set_rt_info(text, ["attnprof", name])
    openvino.save_model(model, path, compress_to_fp16=False)
    return Graph(
        tuple(port.any_name for port in model.inputs),
        tuple(port.any_name for port in model.outputs),
        counted([name for name in map(_type_of, model.get_ordered_ops()) if name not in ENDS]),
    )


def outputs(path: Path, x: torch.Tensor) -> list[torch.Tensor]:
    """What OpenVINO computes of the file on the CPU."""
    try:
        compiled = openvino.Core().compile_model(path, "CPU", EXACT)
    # its exceptions have no class of their own
    except Exception as problem:
        raise NotTaken(f"OpenVINO: {reason_of(problem)}") from problem
    results = compiled([x.numpy()])
    return [torch.from_numpy(results[number].copy()) for number in range(len(compiled.outputs))]


def _converted(model: bytes) -> openvino.Model:
    try:
        return openvino.Core().read_model(model)
    # its exceptions have no class of their own
    except Exception as problem:
        raise NotTaken(f"OpenVINO: {reason_of(problem)}") from problem


def _type_of(node: openvino.Node) -> str:
    name: str = node.get_type_name()
    return name
