"""fvcore: traces a real forward pass and counts the operators it has a rule for. It calls MACs flops."""

import logging

import torch
from torch import nn

from attnprof.peers import Peer


def count(module: nn.Module, x: torch.Tensor) -> int:
    """The total of fvcore's FlopCountAnalysis."""
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(module, x).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    return int(analysis.total())


PEER = Peer(count=count, computes=True)
