"""A case's module on a device: in its mode, dtype and layout."""

from contextlib import suppress
from copy import deepcopy

import torch
from torch import nn

from attnprof.catalogue import create
from attnprof.catalogue.user_location import is_path
from attnprof.counting import account, on_meta
from attnprof.records.case import Case
from attnprof.subject.network import network

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16, "fp64": torch.float64}


def build(case: Case, device: torch.device) -> nn.Module:
    """The case's module on ``device``, in its mode, dtype and layout; the same weights for the same seed."""
    if device.type != "meta":  # where there are no values to draw
        torch.manual_seed(case.seed)
    if case.host:
        return _settled(case, network(case, device))
    with on_meta() if device.type == "meta" else device:
        module = create(
            case.module, case.channels, height=case.height, width=case.width, **case.hyperparameters
        )
    if is_path(case.module) and _wants_tokens(module, case):
        module = TokensIn(module)
    return _settled(case, module)


def _settled(case: Case, module: nn.Module) -> nn.Module:
    """``module`` in the dtype, the mode and the layout of ``case``."""
    module = module.to(DTYPES[case.dtype]).train(case.mode == "train")
    if case.layout == "channels_last":
        for parameter in (
            p for p in module.parameters() if p.dim() == 4
        ):  # Module.to() refuses those of 5 dimensions
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module


class TokensIn(nn.Module):
    """A module that takes tokens (N, L, C), made to take maps: (N, C, H, W) to the same shape."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Flatten x (N, C, H, W) to H*W tokens, row by row, and give the module's answer its shape again."""
        answer = self.module(x.flatten(2).transpose(1, 2))
        tokens: torch.Tensor = answer[0] if isinstance(answer, tuple) else answer
        return tokens.transpose(1, 2).reshape(x.shape[0], -1, *x.shape[2:])


def _wants_tokens(module: nn.Module, case: Case) -> bool:
    """Whether it refuses a map and takes tokens, tried on meta tensors with a copy that is thrown away."""
    copy = deepcopy(module).to("meta").eval()
    for takes, tokens in ((copy, False), (TokensIn(copy), True)):
        # Counting knows the operators' shapes: without it torch would import a second's worth of its own for
        # some of them.
        with suppress(Exception):
            if account(takes, case.shape).output_shape == case.shape:
                return tokens
    return False  # it fails on both: the row will say how
