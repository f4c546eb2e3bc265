"""The network of a case, with the case's module in it."""

import torch
from torch import nn

from attnprof.catalogue.user_location import is_path
from attnprof.counting import UnreadableValueError, call_stand_in, first_tensor, on_meta
from attnprof.errors import AttnprofError, ImpossibleShapeError, UsageError, one_line
from attnprof.networks import PLAIN, build_network, network_named
from attnprof.records.case import Case
from attnprof.subject.admission import misfit, objection, volumes
from attnprof.subject.calling import sizes
from attnprof.subject.insertion import insert
from attnprof.subject.refusals import sentence_on


def network(case: Case, device: torch.device) -> nn.Module:
    """The network ``case.host`` on ``device`` with ``case.module`` at ``case.place``; plain where that is
    'none'.

    Raises UsageError or ImpossibleShapeError for a place where the module does not fit, and for an input that
    the network does not take; UnreadableValueError where the network has to be on another device than meta to
    be built or called.
    """
    with on_meta() if device.type == "meta" else device:
        built = _plain(case, device)
        built.train(case.mode == "train")
        gives_tensor = _gives_tensor(built, case)
        if case.module != PLAIN:
            host = network_named(case.host)
            insert(
                built,
                case.module,
                at=case.place,
                shape=case.shape,
                host=host,
                settings=case.hyperparameters,
            )
    return built if gives_tensor else FirstTensor(built)


def _plain(case: Case, device: torch.device) -> nn.Module:
    """The network ``case.host`` without a module, on the default device, ``device``."""
    name = case.host
    if not is_path(name) and (reason := misfit(network_named(name), case.shape)):
        raise ImpossibleShapeError(f"{name} at {sizes(case.shape[1:])}: {reason}")
    try:
        return build_network(name, case.shape[1:])
    except AttnprofError:
        raise
    except Exception as problem:
        if sentence := sentence_on(problem, name):
            raise UsageError(f"{name}: {sentence}") from problem
        # A constructor may read strides that it has found by a forward pass, or anything else.
        if device.type == "meta":
            raise UnreadableValueError(one_line(problem)) from problem
        raise


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
    """Whether the network answers with a tensor. Raises ImpossibleShapeError where it has no answer."""
    if not is_path(case.host):
        return True
    size = sizes(case.shape[1:])
    if reason := volumes(network, case.shape):
        raise UsageError(f"{case.host} at {size}: {reason}")
    kinds: list[type] = []

    def watch(stand_in: nn.Module) -> None:
        stand_in.eval().register_forward_hook(lambda *call: kinds.append(type(call[-1])))

    try:
        call_stand_in(network, case.shape, watch)
    except AttnprofError:
        raise
    except Exception as problem:
        reason = objection(network, case.shape, problem, case.host)
        raise ImpossibleShapeError(f"{case.host} at {size}: {reason}") from problem
    return issubclass(kinds[-1], torch.Tensor)
