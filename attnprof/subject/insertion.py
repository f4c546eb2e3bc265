"""Modules inserted in a network, ours or the user's: where, with how many channels, and at which size.

The network's own parameters keep their names in its state_dict, so that trained weights still load.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

import torch
from torch import nn

from attnprof.catalogue import create, entry, user_module
from attnprof.catalogue.entry import Value
from attnprof.catalogue.values import at_stage
from attnprof.counting import without_data
from attnprof.errors import ImpossibleShapeError, UsageError, nearest
from attnprof.networks import BEFORE, REPLACE, Network
from attnprof.networks._places import Place, matches, parse_place

NAME = "attention"  # of the inserted submodule


@dataclass(frozen=True)
class Site:
    """A place for a module in a network, and the map (N, channels, height, width) that reaches it."""

    name: str  # of the submodule that the place is relative to
    how: str  # after, before or in place of that submodule
    stage: int  # from 1
    channels: int
    height: int
    width: int
    stride: tuple[int, int] = (1, 1)  # of the submodule, where it is replaced


class _Map(NamedTuple):
    """The map that reaches a module, and the stride of the submodule that the module replaces."""

    channels: int
    height: int
    width: int
    stride: tuple[int, int]


Shape = tuple[int, int, int, int]  # (N, C, H, W)


@dataclass(frozen=True)
class _CallShapes:
    """The shapes of the input and the output of a submodule's call; None for what is no map."""

    before: Shape | None
    after: Shape | None

    def reaching(self, how: str) -> Shape | None:
        """The shape that reaches a module before, after or in place of the submodule."""
        return self.before if how == BEFORE else self.after


def insert(
    network: nn.Module,
    module: str,
    *,
    at: str,
    shape: tuple[int, ...] = (1, 3, 224, 224),
    host: Network | None = None,
    **settings: Value,
) -> nn.Module:
    """Insert the module ``module`` of the catalogue at every place ``at``, and return ``network``, which is
    changed.

    at: a place such as 'layer*.*.bn3' or 'replace:layer4.*.conv2'. shape: of an input (N, C, H, W) of the
    network; channels and sizes at each place follow from it. host: the network's own places and stages;
    without it a stage is a run of places with the same number of channels. settings: hyperparameters; a text
    such as '3/5/5/7' gives each stage its own.

    Raises UsageError for a place that the network does not have, ImpossibleShapeError for one where the
    module does not fit. The network is unchanged then.
    """
    if user_module.is_path(module):
        user_module.load(module)  # its entry is then read in this process, too
    entry(module).settings(settings)
    places = sites(network, module, at, shape, host)
    stages = len(host.stages) if host and host.stages else places[-1].stage
    gates = [
        _gate(network, module, site, at_stage(settings, site.stage, stages), shape[0]) for site in places
    ]
    for site, gate in zip(places, gates, strict=True):
        _put(network, site, gate)
    return network


def _gate(
    network: nn.Module, module: str, site: Site, settings: Mapping[str, Value], batch: int
) -> nn.Module:
    """The module for one site, in the mode, dtype and device of ``network``. Raises ImpossibleShapeError."""
    train = any(part.training for part in network.modules())
    size = site.channels, site.height, site.width
    if refusal := entry(module).refusal(*size, settings, batch=batch, train=train):
        where = f"{site.how} {site.name}, {site.channels}@{site.height}x{site.width}"
        raise ImpossibleShapeError(f"{where}: {refusal}")
    device, dtype = _likeness(network)
    with torch.device(device):
        gate = create(module, site.channels, height=site.height, width=site.width, **settings)
    return gate.to(dtype).train(network.training)


def sites(
    network: nn.Module, module: str, at: str, shape: tuple[int, ...], host: Network | None = None
) -> tuple[Site, ...]:
    """The places ``at`` for ``module`` in ``network``, in the order of its submodules. Raises as ``insert``
    does."""
    place = _parsed(at, "" if host and host.stages else entry(module).place)
    spot = (host or Network("", None, "")).resolve(place, entry(module))
    names = _named(network, spot.patterns)
    if spot.relation == BEFORE:
        _require_no_sequential(network, names)
    calls = _calls(network, names, shape)
    maps = {name: _map_at(name, spot.relation, calls.get(name, [])) for name in names}
    stages = _stages(maps, host)
    picked = place.picked([name for name in names if place.in_stage(stages[name])])
    if not picked:
        existing = ", ".join(map(str, sorted({*stages.values()} - {0})))
        raise UsageError(f"{at}: none of the {len(names)} places is there; they are in stage {existing}")
    return tuple(Site(name, spot.relation, stages[name], *maps[name]) for name in picked)


def _require_no_sequential(network: nn.Module, names: Sequence[str]) -> None:
    """Raises UsageError for a Sequential: a new child of it is its last, and not its first."""
    for name in names:
        if _in_turn(network.get_submodule(name)):
            raise UsageError(f"before:{name}: it is a Sequential; name the first submodule in it")


def _named(network: nn.Module, patterns: Sequence[str]) -> list[str]:
    """The submodules that a pattern matches, in order. Raises UsageError where there is none."""
    names = [name for name, _ in network.named_modules() if name]
    matching = [name for name in names if any(matches(name, pattern) for pattern in patterns)]
    if matching:
        return matching
    some = f"There are, for instance: {', '.join(names[:4])}." if names else "It has no submodules."
    hint = nearest(patterns[0], names) or some
    raise UsageError(f"nothing in the network is called {' or '.join(patterns)!r}. {hint}")


def _parsed(at: str, number: str) -> Place:
    """The place ``at``. number: the relation to a submodule that a bare number names; empty where it is a
    stage."""
    try:
        place = parse_place(at).with_number_as_name(number) if number else parse_place(at)
    except ValueError as problem:
        raise UsageError(str(problem)) from None
    if not place.target:
        raise UsageError(f"{at!r} names no place; write layer*.*.bn3")
    return place


def _stages(maps: Mapping[str, _Map], host: Network | None) -> dict[str, int]:
    """The stage of each submodule, from 1. maps: of each, in order."""
    if host and host.stages:
        return {name: host.stage_of(name) for name in maps}
    stages: dict[str, int] = {}
    stage, previous = 0, None
    for name, met in maps.items():
        stage += met.channels != previous
        previous = met.channels
        stages[name] = stage
    return stages


def _calls(network: nn.Module, names: Sequence[str], shape: tuple[int, ...]) -> dict[str, list[_CallShapes]]:
    """The calls of the submodules ``names`` in one run of a copy of ``network``, on meta tensors, in eval
    mode."""
    copy = without_data(network).eval()
    dtype = next((p.dtype for p in copy.parameters() if p.is_floating_point()), torch.float32)
    calls: dict[str, list[_CallShapes]] = defaultdict(list)

    def watch(name: str) -> None:
        copy.get_submodule(name).register_forward_hook(
            lambda _, inputs, output: calls[name].append(_CallShapes(_shape(inputs[:1]), _shape(output)))
        )

    for name in names:
        watch(name)
    with torch.no_grad(), torch.device("meta"):
        copy(torch.empty(shape, dtype=dtype))
    return calls


def _map_at(name: str, how: str, calls: Sequence[_CallShapes]) -> _Map:
    """The map that reaches a module there. Raises UsageError or ImpossibleShapeError where none does."""
    if not calls:
        raise UsageError(f"{name}: the network does not call it")
    shapes = [call.reaching(how) for call in calls]
    met, before = shapes[0], calls[0].before
    if met is None or (how == REPLACE and before is None):
        raise ImpossibleShapeError(f"{name}: what is there is no map (N, C, H, W)")
    _require_same_channels(name, shapes)
    stride = _stride(name, before, met) if how == REPLACE and before is not None else (1, 1)
    return _Map(*met[1:], stride)


def _require_same_channels(name: str, shapes: Sequence[Shape | None]) -> None:
    """Raises ImpossibleShapeError where a submodule's calls meet other numbers of channels."""
    numbers = [str(shape[1]) if shape else "no map" for shape in shapes]
    if len(set(numbers)) > 1:
        raise ImpossibleShapeError(
            f"{name}: the network calls it {len(numbers)} times, with other channels: {', '.join(numbers)}"
        )


def _stride(name: str, before: Shape, after: Shape) -> tuple[int, int]:
    """The stride of a submodule that is replaced. Raises ImpossibleShapeError where a module cannot stand for
    it."""
    if before[1] != after[1]:
        raise ImpossibleShapeError(
            f"{name}: it turns {before[1]} channels into {after[1]}; a module keeps their number"
        )
    height, width = (ceil(size / smaller) for size, smaller in zip(before[2:], after[2:], strict=True))
    if (ceil(before[2] / height), ceil(before[3] / width)) != after[2:]:
        raise ImpossibleShapeError(
            f"{name}: it turns {before[2]}x{before[3]} into {after[2]}x{after[3]}, which is no stride;"
            " a module keeps the size"
        )
    return height, width


def _shape(value: Any) -> Shape | None:
    """The shape of a map, or of the first of several values; None for anything else."""
    first = value[0] if isinstance(value, tuple | list) and value else value
    if not isinstance(first, torch.Tensor) or first.dim() != 4:
        return None
    batch, channels, height, width = first.shape
    return batch, channels, height, width


def _likeness(network: nn.Module) -> tuple[torch.device, torch.dtype]:
    floating = [p for p in network.parameters() if p.is_floating_point()]
    return (floating[0].device, floating[0].dtype) if floating else (torch.device("cpu"), torch.float32)


def _put(network: nn.Module, site: Site, gate: nn.Module) -> None:
    if site.how == REPLACE:
        if site.stride != (1, 1):
            # The module keeps the size: a pooling in front of it has the stride.
            gate = nn.Sequential(nn.AvgPool2d(3, site.stride, padding=1), gate)
        network.set_submodule(site.name, gate)
        return
    target = network.get_submodule(site.name)
    name = next(name for n in range(1, 1000) if not hasattr(target, name := f"{NAME}{n if n > 1 else ''}"))
    target.add_module(name, gate)
    if site.how == BEFORE:
        target.register_forward_pre_hook(_First(name))
    elif not _in_turn(target):
        target.register_forward_hook(_Then(name))


def _in_turn(module: nn.Module) -> bool:
    """Whether it runs its children one after the other: a new child is then the last of them, without a
    hook."""
    return type(module).forward is nn.Sequential.forward


@dataclass(frozen=True)
class _Then:
    """A hook that passes a submodule's output to its child ``name``. A class, so that networks can be
    pickled."""

    name: str

    def __call__(self, target: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
        gate: nn.Module = getattr(target, self.name)
        if isinstance(output, tuple):
            return (gate(output[0]), *output[1:])
        return gate(output)


@dataclass(frozen=True)
class _First:
    """A hook that sends a submodule's input through its child ``name`` first."""

    name: str

    def __call__(self, target: nn.Module, inputs: tuple[Any, ...]) -> Any:
        gate: nn.Module = getattr(target, self.name)
        return (gate(inputs[0]), *inputs[1:])
