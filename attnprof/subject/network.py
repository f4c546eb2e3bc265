"""The network of a case, with the case's module in it."""

import torch
from torch import nn

from attnprof.catalogue import user_module
from attnprof.counting import first_tensor, on_meta, without_data
from attnprof.networks import PLAIN, build_network, network_named
from attnprof.records.case import Case
from attnprof.subject.insertion import insert


def network(case: Case, device: torch.device) -> nn.Module:
    """The network ``case.host`` on ``device`` with ``case.module`` at ``case.place``; plain where that is
    'none'.

    Raises UsageError or ImpossibleShapeError for a place where the module does not fit.
    """
    with on_meta() if device.type == "meta" else device:
        built = build_network(case.host)
        built.train(case.mode == "train")
        if case.module != PLAIN:
            host = network_named(case.host)
            insert(built, case.module, at=case.place, shape=case.shape, host=host, **case.hyperparameters)
    return built if _gives_tensor(built, case) else FirstTensor(built)


class FirstTensor(nn.Module):
    """A network that returns a tuple, a dict or an object of its own, turned into one that returns its first
    tensor."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The first tensor of the network's answer to x."""
        output = self.network(x)
        first = first_tensor(output)
        if first is None:
            raise TypeError(f"the network answers with {type(output).__name__}, which holds no tensor")
        return first


def _gives_tensor(network: nn.Module, case: Case) -> bool:
    if not user_module.is_path(case.host):
        return True
    copy = without_data(network).eval()
    with torch.no_grad(), torch.device("meta"):
        return isinstance(copy(torch.empty(case.shape)), torch.Tensor)
