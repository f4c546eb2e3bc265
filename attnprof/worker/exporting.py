"""One case as a file that people deploy: written, read back, and held to torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy
import torch

from attnprof.counting import tensors_below
from attnprof.exporting import KINDS, ExportReport, Port, example_of
from attnprof.records.case import Case
from attnprof.records.environment import software
from attnprof.runtimes import DifferentOutput, NotTaken
from attnprof.subject.build import build
from attnprof.subject.calls import PLAIN, output_of, require_equal
from attnprof.subject.inputs import only_example

CPU = torch.device("cpu")
VERSIONS = {"version": "attnprof_version", "torch_version": "torch_version"}


def export(case: Case, kind_name: str, path: Path, opset: int | None) -> ExportReport:
    """Write the module of ``case`` to ``path``, and beside it the input and the outputs of one call.

    Raises NotTaken where it cannot be exported; DifferentOutput where the file computes something else than
    torch.
    """
    kind = KINDS[kind_name]
    module, x = build(case, CPU), only_example(case, CPU, kind.title)
    expected = list(tensors_below(output_of(module, [x], PLAIN)))
    if not expected:
        raise NotTaken("the module returns no tensor")
    graph = kind.write(module, x, path, facts_of(case), opset)
    outputs = kind.outputs(path, x)
    if len(outputs) != len(expected):
        raise DifferentOutput(f"{kind.title} has {len(outputs)} outputs, and torch {len(expected)}")
    pairs = zip(outputs, expected, strict=True)
    error = max(require_equal(kind.title, output, tensor) for output, tensor in pairs)
    arrays = dict(zip((*graph.inputs, *graph.outputs), (x, *expected), strict=True))
    contents: dict[str, Any] = {name: tensor.numpy() for name, tensor in arrays.items()}
    numpy.savez(example_of(path), **contents)
    return ExportReport(
        tuple(Port(name, tuple(arrays[name].shape)) for name in graph.inputs),
        tuple(Port(name, tuple(arrays[name].shape)) for name in graph.outputs),
        dict(graph.operators),
        graph.opset,
        error,
    )


def facts_of(case: Case) -> Mapping[str, str]:
    """What a file says of itself."""
    settings = ", ".join(f"{name}={value}" for name, value in case.hyperparameters.items())
    environment = software()
    versions = {name: str(environment[field]) for name, field in VERSIONS.items()}
    return {
        "target": case.label,
        "settings": settings,
        "seed": str(case.seed),
        **versions,
        "case": msgspec.json.encode(case.to_json()).decode(),
    }
