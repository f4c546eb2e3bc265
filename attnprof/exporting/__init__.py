"""Files that people deploy: which there are, and what is said of one that was written.

A kind's own file has ``write`` and ``outputs``, and imports what it needs; this one imports none of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnprof.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    import torch
    from torch import nn

EXAMPLE = ".npz"  # ends the name of an example's file


def example_of(path: Path) -> Path:
    """Where an input and its outputs lie, beside what is exported to ``path``: se.onnx.npz for se.onnx, as
    se.xml may lie there, too."""
    return path.with_name(path.name + EXAMPLE)


@dataclass(frozen=True)
class Graph:
    """What a file that was written holds."""

    inputs: tuple[str, ...]  # names
    outputs: tuple[str, ...]
    operators: Mapping[str, int]  # how often each is there, without constants
    opset: int | None = None  # of ONNX


@dataclass(frozen=True)
class ExportKind:
    """One kind of file."""

    title: str
    suffixes: tuple[str, ...]  # of the files that it consists of, the one that is named first
    runtime: str  # in which the same file is measured
    module: str  # with ``write`` and ``outputs``

    def write(
        self, module: "nn.Module", x: "torch.Tensor", path: Path, facts: Mapping[str, str], opset: int | None
    ) -> Graph:
        """Write ``module``, called with x, to ``path``, with ``facts`` in it. Raises NotTaken."""
        graph: Graph = self._functions().write(module, x, path, facts, opset)
        return graph

    def outputs(self, path: Path, x: "torch.Tensor") -> "list[torch.Tensor]":
        """What the file at ``path`` computes for x."""
        outputs: list[torch.Tensor] = self._functions().outputs(path, x)
        return outputs

    def _functions(self) -> Any:
        return import_module(self.module)


KINDS: Mapping[str, ExportKind] = {
    "onnx": ExportKind("ONNX", (".onnx",), "onnxruntime", "attnprof.exporting.onnx"),
    "openvino": ExportKind("OpenVINO", (".xml", ".bin"), "openvino", "attnprof.exporting.openvino"),
    "torch": ExportKind("torch.export", (".pt2",), "eager", "attnprof.exporting.torch"),
}


@dataclass(frozen=True)
class Port:
    """An input or an output of a file."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ExportReport:
    """A file that was written, read back, and run."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    operators: dict[str, int]  # how often each is there, the most frequent first
    opset: int | None  # of ONNX
    error: float  # the largest difference to torch's outputs, over the largest value of the output


def kind_named(name: str) -> ExportKind:
    """The kind ``name``. Raises UnknownNameError."""
    if name not in KINDS:
        hint = nearest(name, KINDS) or f"There are: {', '.join(KINDS)}"
        raise UnknownNameError(f"--as: no kind of file {name!r}. {hint}")
    return KINDS[name]


def counted(names: Sequence[str]) -> dict[str, int]:
    """How often each of ``names`` is there, the most frequent first."""
    counts = {name: names.count(name) for name in sorted(set(names))}
    return dict(sorted(counts.items(), key=lambda item: -item[1]))
