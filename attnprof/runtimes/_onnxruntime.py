"""A session of ONNX Runtime's that is called as a deployed one is: input and outputs stay where they are.

They are bound. ``run_with_ort_values`` copies nothing either, and takes fifty microseconds more of a call.
"""

from typing import Any

import numpy
import onnxruntime
import torch

from attnprof.errors import one_line
from attnprof.records.case import Case
from attnprof.runtimes import NotTaken

PROVIDER = "CPUExecutionProvider"
ERRORS_ALONE = 3  # of what it logs


class BoundSession:
    """A session whose input and outputs are bound to memory of one device. An output has one buffer, which
    each call writes anew."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        device: str = "cpu",
        index: int = 0,
        options: onnxruntime.RunOptions | None = None,
    ) -> None:
        """options: of the calls that are timed."""
        self._session, self._device, self._index, self._options = session, device, index, options
        self._input: str = session.get_inputs()[0].name
        self._binding = session.io_binding()
        for output in session.get_outputs():
            self._binding.bind_output(output.name, device, index)

    def __call__(self, x: Any) -> object:
        """One call. x: as ``_bind`` takes it."""
        self._bind(x)
        self._session.run_with_iobinding(self._binding, self._options)
        return self._binding

    def end_profiling(self) -> str:
        """The path of what its profiler has written."""
        path: str = self._session.end_profiling()
        return path

    def output(self, x: torch.Tensor) -> torch.Tensor:
        """The first output of a call, on the CPU."""
        return self.outputs(x)[0]

    def outputs(self, x: torch.Tensor) -> list[torch.Tensor]:
        """All outputs of a call, on the CPU."""
        self._bind(x)
        self._session.run_with_iobinding(self._binding)
        return [torch.from_numpy(value.copy()) for value in self._binding.copy_outputs_to_cpu()]

    def _bind(self, x: Any) -> None:
        """x: a tensor (N, C, H, W) on the device, contiguous, in fp32."""
        self._binding.bind_input(
            self._input, self._device, self._index, numpy.float32, tuple(x.shape), x.data_ptr()
        )


class Session(BoundSession):
    """A module on the CPU. model: as ``_onnx.exported`` writes it."""

    def __init__(self, model: bytes, threads: int, options: onnxruntime.SessionOptions | None = None) -> None:
        """options: None for those of ``session_options``."""
        options = options or session_options(threads)
        super().__init__(onnxruntime.InferenceSession(model, options, providers=[PROVIDER]))

    def outputs(self, x: torch.Tensor) -> list[torch.Tensor]:
        """All outputs of a call."""
        return super().outputs(as_input(x))

    def __call__(self, x: onnxruntime.OrtValue) -> object:
        """One call. Neither x nor the output is copied."""
        self._binding.bind_ortvalue_input(self._input, x)
        self._session.run_with_iobinding(self._binding)
        return self._binding

    def _bind(self, x: onnxruntime.OrtValue) -> None:
        self._binding.bind_ortvalue_input(self._input, x)


def as_input(x: torch.Tensor) -> onnxruntime.OrtValue:
    """x, on the CPU, as a session's binding takes it: the same memory."""
    return onnxruntime.OrtValue.ortvalue_from_numpy(x.numpy())


def prepare(model: bytes, x: torch.Tensor, case: Case) -> Session:
    """``model`` in ONNX Runtime. Raises NotTaken."""
    try:
        return Session(model, case.threads)
    # its exceptions have no class of their own
    except Exception as problem:
        raise NotTaken(f"ONNX Runtime: {one_line(problem)}") from problem


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """How sessions are set up, on whatever device."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads  # with one the calling thread computes
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Threads that spin between calls would compute beside the next cell.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = ERRORS_ALONE
    return options
