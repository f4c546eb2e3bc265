"""Which way of calling a module fits it: each is tried on a stand-in, on meta where that can be."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from attnprof.backends import is_out_of_memory
from attnprof.counting import call_stand_in, on_meta, tensors_below
from attnprof.errors import AttnprofError, text_of
from attnprof.subject.calling import Adapted, Calling, Shape, is_gate, ways_to_call


class Reply(NamedTuple):
    """What a module gives that is called in some way."""

    shape: Shape  # empty where there is no tensor in it
    answer: str  # the kind of the answer, where that holds tensors and is none


class NoWayError(Exception):
    """However it is called, the module raises something."""

    def __init__(self, problems: Mapping[str, Exception]) -> None:
        """problems: by the layout in which the map was given."""
        super().__init__(", ".join(problems))
        self.problems = problems


def fitting_way(module: nn.Module, shape: Shape) -> Calling:
    """The first way to call ``module`` that gives a map of ``shape`` or a gate of it, else the first that
    gives anything.

    Raises NoWayError; UnreadableValueError where the module reads values and is on the meta device.
    """
    replies: dict[Calling, Reply] = {}
    problems: dict[str, Exception] = {}
    for way in ways_to_call(module):
        try:
            calling, reply = _viewed_or_copied(way, module, shape)
        except AttnprofError:
            raise
        except Exception as problem:  # a module may raise anything for what it does not take
            if is_out_of_memory(problem):
                raise
            problems[way.layout] = problem
            continue
        replies[calling] = reply
        if is_gate(shape, reply.shape):
            return calling
    if not replies:
        raise NoWayError(problems)
    return next(iter(replies))


def _viewed_or_copied(calling: Calling, module: nn.Module, shape: Shape) -> tuple[Calling, Reply]:
    """``calling``, which copies what stands for the map where a view of it does not lie in memory as the
    module needs it; and the reply."""
    try:
        reply = reply_to(calling, module, shape)
    except (RuntimeError, ValueError) as problem:
        if "view" not in text_of(problem):
            raise
        calling = replace(calling, copies=True)
        reply = reply_to(calling, module, shape)
    return replace(calling, answer=reply.answer), reply


def reply_to(calling: Calling, module: nn.Module, shape: Shape) -> Reply:
    """What ``module`` gives for a map of ``shape``, called so. What it raises passes through."""
    if is_lazy_module(module):
        module = _copy_of_lazy(module)
        call_once(calling, module, shape)
    replies: list[Reply] = []

    def watch(stand_in: nn.Module) -> None:
        stand_in.eval()
        kinds: list[str] = []
        stand_in.get_submodule("module").register_forward_hook(lambda *call: kinds.append(_kind(call[-1])))
        stand_in.register_forward_hook(lambda *call: replies.append(Reply(_shape(call[-1]), kinds[-1])))

    call_stand_in(Adapted(module, calling), shape, watch)
    return replies[-1]


def call_once(calling: Calling, module: nn.Module, shape: Shape) -> None:
    """Call ``module`` itself with zeros: a lazy one gets its parameters."""
    device = next((tensor.device for tensor in _tensors_of(module)), torch.device("cpu"))
    with torch.no_grad(), on_meta() if device.type == "meta" else device:
        calling.call(module, torch.zeros(shape))


def is_lazy_module(module: nn.Module) -> bool:
    """Whether it has parameters whose shape its first input decides."""
    return any(map(is_lazy, _tensors_of(module)))


def _copy_of_lazy(module: nn.Module) -> nn.Module:
    """A copy of a lazy module, as lazy. Of what has no shape yet torch copies only the parameters."""
    lazy: list[Any] = [tensor for tensor in _tensors_of(module) if is_lazy(tensor)]
    return deepcopy(module, {id(x): type(x)(x.requires_grad, x.device, x.dtype) for x in lazy})


def _tensors_of(module: nn.Module) -> chain[torch.Tensor]:
    return chain(module.parameters(), module.buffers())


def _kind(answer: Any) -> str:
    """Of an answer with tensors in it; empty where it is one, or where there are none."""
    is_plain = isinstance(answer, torch.Tensor) or next(tensors_below(answer), None) is None
    return "" if is_plain else type(answer).__name__


def _shape(answer: Any) -> Shape:
    first = next(tensors_below(answer), None)
    return () if first is None else tuple(first.shape)
