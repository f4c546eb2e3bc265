"""A module as an ONNX model, for the runtimes that read one."""

import logging
import warnings

import torch
from torch import nn

from attnprof.errors import one_line
from attnprof.runtimes import NotTaken


def exported(module: nn.Module, x: torch.Tensor, opset: int | None = None) -> bytes:
    """``module`` for inputs of the shape of x, by torch's exporter, with the weights inside.

    opset: None for the exporter's own. Where it cannot convert to another the model is in its own.
    Raises NotTaken with the exporter's words.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    logging.getLogger("onnxscript").setLevel(logging.CRITICAL)  # a traceback where an opset is too old
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            program = torch.onnx.export(module, (x,), dynamo=True, verbose=False, opset_version=opset)
        except Exception as problem:
            raise NotTaken(f"not exported to ONNX: {reason_of(problem)}") from problem
    assert program is not None
    model: bytes = program.model_proto.SerializeToString()
    return model


def reason_of(problem: BaseException) -> str:
    """The words of the exception behind ``problem``: an exporter wraps what really went wrong."""
    while problem.__cause__ is not None:
        problem = problem.__cause__
    return f"{type(problem).__name__}: {one_line(problem)}"
