"""A session of ONNX Runtime's that is called as a deployed one is: input and output stay where they are."""

import onnxruntime
import torch

from attnprof.errors import one_line
from attnprof.records.case import Case
from attnprof.runtimes import NotTaken

PROVIDER = "CPUExecutionProvider"
ERRORS_ALONE = 3  # of what it logs


class Session:
    """A module in ONNX Runtime. model: as ``_onnx.exported`` writes it."""

    def __init__(self, model: bytes, threads: int, options: onnxruntime.SessionOptions | None = None) -> None:
        """options: None for those of ``session_options``."""
        self._session = onnxruntime.InferenceSession(
            model, options or session_options(threads), providers=[PROVIDER]
        )
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, x: torch.Tensor) -> list[onnxruntime.OrtValue]:
        """One call. Neither x nor the output is copied."""
        value = onnxruntime.OrtValue.ortvalue_from_numpy(x.numpy())
        outputs: list[onnxruntime.OrtValue] = self._session.run_with_ort_values(
            self._outputs, {self._input: value}
        )
        return outputs

    def end_profiling(self) -> str:
        """The path of what its profiler has written."""
        path: str = self._session.end_profiling()
        return path

    def output(self, x: torch.Tensor) -> torch.Tensor:
        """The first output of a call."""
        return torch.from_numpy(self(x)[0].numpy())


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
