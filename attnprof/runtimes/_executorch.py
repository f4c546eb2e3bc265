"""A program of ExecuTorch's, in which XNNPACK computes what it takes and portable kernels the rest."""

import warnings
from functools import cache

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower
from executorch.exir.passes import MemoryPlanningPass
from executorch.extension.pybindings import portable_lib
from torch import nn

from attnprof.errors import one_line
from attnprof.records.case import Case
from attnprof.runtimes import NotTaken


class Program:
    """A module in ExecuTorch. Its output has one buffer, which each call writes anew."""

    def __init__(self, content: bytes, threads: int) -> None:
        """content: as ``exported`` writes it."""
        _set_threads(threads)
        self._content = content  # the program is read where it lies, and keeps no reference
        self._module = portable_lib._load_for_executorch_from_buffer(content)

    def __call__(self, x: torch.Tensor) -> object:
        """One call. Neither x nor the output is copied."""
        return self._module.forward([x], clone_outputs=False)

    def output(self, x: torch.Tensor) -> torch.Tensor:
        """The first output of a call."""
        output: torch.Tensor = self._module.forward([x])[0]
        return output


@cache
def _set_threads(threads: int) -> None:
    """Once in a process, whose pool it is: programs that are loaded keep it."""
    portable_lib._unsafe_reset_threadpool(threads)


def exported(module: nn.Module, x: torch.Tensor) -> bytes:
    """``module`` for inputs of the shape of x, as a program with the weights inside. Raises NotTaken."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            lowered = to_edge_transform_and_lower(
                torch.export.export(module, (x,)), partitioner=[XnnpackPartitioner()]
            )
            planning = MemoryPlanningPass(alloc_graph_input=False)  # else every call copies its input
            program = lowered.to_executorch(ExecutorchBackendConfig(memory_planning_pass=planning))
        except Exception as problem:
            raise NotTaken(
                f"not exported to ExecuTorch: {type(problem).__name__}: {one_line(problem)}"
            ) from problem
    return bytes(program.buffer)


def prepare(content: bytes, x: torch.Tensor, case: Case) -> Program:
    """The program ``content``. Raises NotTaken."""
    try:
        return Program(content, case.threads)
    # its exceptions have no class of their own
    except Exception as problem:
        raise NotTaken(f"ExecuTorch: {one_line(problem)}") from problem
