"""An infer request of OpenVINO's. Its output stays in one buffer, which each call writes anew."""

from functools import cache

import openvino
import torch

from attnprof.errors import text_of
from attnprof.records.case import Case
from attnprof.runtimes import NotTaken

MOST_WORDS = 200  # characters of what it says


class Inference:
    """A module in OpenVINO. model: as ``_onnx.exported`` writes it."""

    def __init__(self, model: bytes, threads: int, **more: object) -> None:
        """more: further settings."""
        core = _core()
        self.compiled = core.compile_model(core.read_model(model), "CPU", {**_settings(threads), **more})
        self.request = self.compiled.create_infer_request()

    def __call__(self, x: openvino.Tensor) -> object:
        """One call. Neither x nor the output is copied."""
        self.request.set_input_tensor(x)
        return self.request.infer(share_outputs=True)

    def output(self, x: torch.Tensor) -> torch.Tensor:
        """The first output of a call."""
        self(as_input(x))
        return torch.from_numpy(self.request.get_output_tensor(0).data.copy())


def prepare(model: bytes, x: torch.Tensor, case: Case) -> Inference:
    """``model`` in OpenVINO. Raises NotTaken."""
    try:
        return Inference(model, case.threads)
    # its exceptions have no class of their own
    except Exception as problem:
        raise NotTaken(f"OpenVINO: {reason_of(problem)}") from problem


def as_input(x: torch.Tensor) -> openvino.Tensor:
    """x as a request takes it: the same memory. To make one takes some 40 us of a call's time."""
    return openvino.Tensor(x.numpy(), shared_memory=True)


@cache
def _core() -> openvino.Core:
    return openvino.Core()


def _settings(threads: int) -> dict[str, object]:
    # By itself it may choose bf16, and as many threads as there are cores.
    return {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}


def reason_of(problem: BaseException) -> str:
    """What it says on one line, without the places in its own sources, which come first."""
    lines = [line.strip() for line in text_of(problem).splitlines()]
    words = [line for line in lines if line and not line.startswith(("Exception from", "Check '"))]
    return " ".join(words or lines)[:MOST_WORDS]
