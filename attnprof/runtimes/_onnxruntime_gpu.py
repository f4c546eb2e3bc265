"""A session of ONNX Runtime's on a GPU: inputs and outputs stay there, and calls go to torch's stream.

A call returns when its kernels are issued, as one of torch's does; whoever times it waits for the stream.
"""

import onnxruntime
import torch

from attnprof.errors import one_line
from attnprof.records.case import Case
from attnprof.runtimes import NotTaken
from attnprof.runtimes._onnxruntime import BoundSession, session_options

TENSORRT, CUDA = "TensorrtExecutionProvider", "CUDAExecutionProvider"
DEVICE = "cuda"
# A session waits for its device after each run, unless it is told not to: then a call would be timed with
# its wait, and torch's without.
NO_WAIT = ("disable_synchronize_execution_providers", "1")


def prepare_cuda(model: bytes, x: torch.Tensor, case: Case) -> BoundSession:
    """``model`` by the CUDA provider. Raises NotTaken."""
    index, stream = _place()
    return _bound(model, case, [(CUDA, cuda_options(index, stream, case.tf32))])


def prepare_tensorrt(model: bytes, x: torch.Tensor, case: Case) -> BoundSession:
    """``model`` by the TensorRT provider, which hands to CUDA's what it does not take. Raises NotTaken."""
    index, stream = _place()
    tensorrt = {"device_id": str(index), "user_compute_stream": str(stream)}
    return _bound(model, case, [(TENSORRT, tensorrt), (CUDA, cuda_options(index, stream, case.tf32))])


def cuda_options(index: int, stream: int, tf32: bool) -> dict[str, str]:
    """The options of the CUDA provider on the GPU ``index``. stream: the address of the stream that it
    computes on. By itself it would compute products in TF32."""
    return {
        "device_id": str(index),
        "user_compute_stream": str(stream),
        "use_tf32": str(int(tf32)),
        "cudnn_conv_algo_search": "EXHAUSTIVE",
    }


def _place() -> tuple[int, int]:
    """The index of torch's current GPU, which a case does not name, and the address of its stream there."""
    index = torch.cuda.current_device()
    return index, torch.cuda.current_stream(index).cuda_stream


def _bound(model: bytes, case: Case, providers: list[tuple[str, dict[str, str]]]) -> BoundSession:
    first = providers[0][0]
    try:
        session = onnxruntime.InferenceSession(model, session_options(case.threads), providers=providers)
    # its exceptions have no class of their own
    except Exception as problem:
        raise NotTaken(f"ONNX Runtime: {one_line(problem)}") from problem
    # A provider whose libraries are missing is left out without an error, and the CPU computes.
    if first not in session.get_providers():
        raise NotTaken(f"ONNX Runtime could not load {first}: its libraries, or their versions, are not here")
    options = onnxruntime.RunOptions()
    options.add_run_config_entry(*NO_WAIT)
    return BoundSession(session, DEVICE, int(providers[0][1]["device_id"]), options)
