"""thop: hooks on classes of modules; matmul, functional calls and bare parameters are not counted.

Two packages install it, thop and ultralytics-thop, and they count some classes differently. Which rules the
one at hand has is read from its counts of small modules, whatever its name and version.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from attnprof.counters import (
    ATTENTION,
    CONVOLUTION,
    EXTRA,
    PRODUCT,
    Breakdown,
    CountedPart,
    Counter,
    Discrepancy,
)

if TYPE_CHECKING:
    import torch
    from torch import nn

SAMPLE = (1, 1, 4, 4)  # the map on which rules are tried
_ATTENTION = "MultiheadAttention"  # the class whose products ultralytics-thop counts
_KINDS = {CONVOLUTION: ("Conv", "_Conv"), PRODUCT: ("Linear",), ATTENTION: (_ATTENTION,)}  # by class
PER_TAP = "adds its taps + 1 per element of the output"


@dataclass(frozen=True, eq=False)
class _Extra:
    """Work that is no multiply-accumulate and that thop adds to its MACs."""

    classes: str  # a part of their names
    build: "Callable[[Any], nn.Module]"  # one of them, from torch.nn
    rules: Mapping[int, str]  # by the count of that one on the sample


_EXTRAS = (
    _Extra("Norm", lambda nn: nn.BatchNorm2d(1), {64: "adds 4 per element, 2 where it has no weights"}),
    _Extra("AdaptiveAvgPool", lambda nn: nn.AdaptiveAvgPool2d(2), {20: PER_TAP}),
    _Extra(
        "AvgPool",
        lambda nn: nn.AvgPool2d(2),
        {4: "adds 1 per element of the output", 20: PER_TAP},
    ),
    _Extra("LogSoftmax", lambda nn: nn.LogSoftmax(-1), {48: "adds 3n per row of n"}),
    _Extra("Softmax", lambda nn: nn.Softmax(-1), {44: "adds 3n - 1 per row of n"}),
    _Extra("Softmin", lambda nn: nn.Softmin(-1), {60: "adds 4n - 1 per row of n"}),
    _Extra(
        "Upsampl",
        lambda nn: nn.Upsample(scale_factor=2),
        {
            64: "adds 1 (nearest) or 11 (bilinear) per element of the output",
            0: "adds 11 per element of the output where it is bilinear",
        },
    ),
    _Extra("PReLU", lambda nn: nn.PReLU(), {16: "adds 1 per element"}),
)


def count(module: "nn.Module", *maps: "torch.Tensor") -> int:
    """The first figure of thop.profile, which it calls MACs. Leaves buffers of its own in the module."""
    import thop

    return int(thop.profile(module, inputs=maps, verbose=False)[0])


def breakdown(module: "nn.Module", *maps: "torch.Tensor") -> Breakdown:
    """The figure of every submodule that thop has a hook for."""
    figures: dict[str, tuple[nn.Module, int]] = {}  # by path: what thop counted in it alone

    def note(root: "nn.Module", *_: object) -> None:
        for path, part in root.named_modules(remove_duplicate=not _counts_every_name()):
            if path:
                figures[path] = part, int(getattr(part, "total_ops", 0))

    handle = module.register_forward_hook(note)
    total = count(module, *maps)
    handle.remove()
    # What thop counts in the module itself it adds after this hook.
    figures[""] = module, total - sum(macs for _, macs in figures.values())
    return Breakdown(tuple(_counted_part(path, part, macs) for path, (part, macs) in figures.items() if macs))


def _counted_part(path: str, part: "nn.Module", macs: int) -> CountedPart:
    name = type(part).__name__
    classes = [kind.__name__ for kind in type(part).__mro__]  # some count a class as its parent
    for kind, words in _KINDS.items():
        if any(each.startswith(words) for each in classes):
            return CountedPart(name, macs, kind, path)
    extra = next((extra for extra in _EXTRAS if any(extra.classes in each for each in classes)), None)
    return CountedPart(name, macs, EXTRA, path, _rule(extra) if extra else "")


@cache
def _rule(extra: _Extra) -> str:
    """What this thop adds for such a class, in words; empty where that is something else."""
    return extra.rules.get(_count_of(extra.build), "")


@cache
def _counts_every_name() -> bool:
    """Whether this thop counts a module with two names at each of them."""
    return _count_of(_with_two_names) > 2 * _count_of(lambda nn: nn.Softmax(-1))


def _with_two_names(layers: Any) -> "nn.Module":
    part = layers.Softmax(-1)
    parents: nn.Module = layers.Sequential(layers.Sequential(part), layers.Sequential(part))
    return parents


def _count_of(build: "Callable[[Any], nn.Module]") -> int:
    """The count of a small module, built of torch.nn, on the sample."""
    import torch

    return count(build(torch.nn).to("meta"), torch.empty(SAMPLE, device="meta"))


def why(gap: Discrepancy) -> str:
    """The behaviour of thop's hooks behind a difference."""
    if gap.kind == CONVOLUTION and gap.macs > 0:
        return "a transposed convolution is counted over its output"
    if gap.macs > 0 and gap.owner == _ATTENTION:
        return "adds 3n - 1 per row of n of the attention's softmax"
    if gap.macs > 0:
        return "a module with two names is counted at each of them" if _counts_every_name() else ""
    return "it hooks modules, by classes that it knows; what others compute themselves passes it by"


COUNTER = Counter(
    count=count,
    computes=False,
    breakdown=breakdown,
    why=why,
    help="MACs as thop counts them (some operators left out, others added)",
)
