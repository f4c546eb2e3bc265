"""A user's module, made to take and give maps (N, C, H, W) where it does not."""

from contextlib import suppress
from dataclasses import replace

import torch
from torch import nn

from attnprof.counting import META, UnreadableValueError, cost
from attnprof.errors import AttnprofError, UsageError, one_line
from attnprof.modules._gated import Gated
from attnprof.subject.calling import MAP, SEQUENCE, TOKENS, Adapted, Calling, Shape, is_gate
from attnprof.subject.fitting import NoWayError, call_once, fitting_way, is_lazy_module, reply_to
from attnprof.subject.refusals import Twin, refusal, sentence_on

OVER_IMAGES = "its attention goes over the images of a batch: two cost more than twice as much as one"


def constructed(make: Twin, shape: Shape, location: str, device: torch.device) -> nn.Module:
    """What ``make`` builds on ``device`` for maps of ``shape``: the module at ``location``, maybe in a Gated.

    Raises UsageError with what to do where a package or a GPU is not there; UnreadableValueError for whatever
    is raised on the meta device, where its constructor may read values.
    """
    try:
        return make(shape)
    except AttnprofError:
        raise
    except Exception as problem:
        if sentence := sentence_on(problem, location):
            raise UsageError(sentence) from problem
        if device.type == "meta":
            raise UnreadableValueError(one_line(problem)) from problem
        raise


def made_to_fit(module: nn.Module, make: Twin, shape: Shape, location: str) -> nn.Module:
    """The module at ``location``, or a Gated around it, made to take and give maps of ``shape``.

    make: builds the same for another shape. Raises as ``adapted`` does.
    """

    def twin(other: Shape) -> nn.Module:
        return _without_gate(make(other))

    inside = adapted(_without_gate(module), shape, twin, location)
    return Gated(inside) if isinstance(module, Gated) else inside


def _without_gate(module: nn.Module) -> nn.Module:
    return module.module if isinstance(module, Gated) else module


def adapted(module: nn.Module, shape: Shape, twin: Twin, location: str) -> nn.Module:
    """The module at ``location`` itself where it takes and gives maps, else one that calls it and does.

    shape: (N, C, H, W). A lazy module gets its parameters. Raises UsageError or ImpossibleShapeError in words
    for a module that cannot be called with such a map, or what it raises in whichever way it is called;
    UnreadableValueError where it reads values and is on the meta device.
    """
    try:
        calling = _way_to_call(module.eval(), shape, twin)
    except NoWayError as nothing:
        raise refusal(nothing, module, shape, twin, location) from nothing
    if is_lazy_module(module):
        call_once(calling, module, shape)
    calling = _with_images_apart(calling, module, shape)
    remarks = calling.remarks(shape)
    if _is_over_images(calling, module, shape):
        remarks.append(OVER_IMAGES)
    return Adapted(module, calling, remarks) if remarks else module


def telling_shape(shape: Shape) -> Shape:
    """``shape``, or a larger one in which the channels differ from every other axis: where two are of one
    size, a module takes a map (N, C, H, W) for one of (N, H, W, C) and says nothing."""
    batch, channels, height, width = shape
    while channels in (height, width, height * width):
        height, width = 2 * height, 2 * width
    while batch in (channels, height * width):
        batch += 1
    return batch, channels, height, width


def _way_to_call(module: nn.Module, shape: Shape, twin: Twin) -> Calling:
    telling = telling_shape(shape)
    if telling == shape:
        return fitting_way(module, shape)
    try:
        calling = fitting_way(twin(telling).eval(), telling)
        reply_to(calling, module, shape)
    except UnreadableValueError:
        raise
    except Exception:  # noqa: BLE001 # it takes no other size than its own
        return fitting_way(module, shape)
    return calling


def _with_images_apart(calling: Calling, module: nn.Module, shape: Shape) -> Calling:
    """``calling``, or the way that gives sequences (L, N, C) to a module that takes the first axis for the
    length, as nn.MultiheadAttention does without batch_first."""
    if calling.layout != TOKENS or not _is_over_images(calling, module, shape):
        return calling
    turned = replace(calling, layout=SEQUENCE)
    with suppress(Exception):  # it takes no sequences either
        if is_gate(shape, reply_to(turned, module, shape).shape) and not _is_over_images(
            turned, module, shape
        ):
            return turned
    return calling


def _is_over_images(calling: Calling, module: nn.Module, shape: Shape) -> bool:
    """Whether a batch twice as large costs more than twice as much: then every image meets every other."""
    if calling.layout == MAP and not any(_is_over_first_axis(part) for part in module.modules()):
        return False
    whole = Adapted(module, calling)
    with suppress(Exception):  # it takes no other batch, or reads values
        one, two = (cost(whole, (n * shape[0], *shape[1:]), device=META).macs for n in (1, 2))
        return two > 2 * one
    return False


def _is_over_first_axis(part: nn.Module) -> bool:
    return isinstance(part, nn.MultiheadAttention) and not part.batch_first
