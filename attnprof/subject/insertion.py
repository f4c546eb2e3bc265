"""Modules put into a network, ours or the user's: where they fit, with how many channels and what size, and how they stay.

The network stays what it was: its own parameters keep their names in its state_dict, so that trained weights still load.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from attnprof.catalogue import create, entry
from attnprof.catalogue.entry import Value
from attnprof.catalogue.values import at_stage
from attnprof.counting import without_data
from attnprof.errors import ImpossibleShapeError, UsageError, nearest
from attnprof.networks import BEFORE, REPLACE, Network
from attnprof.networks._places import Place, matches, parse_place

NAME = "attention"  # of the submodule that is put in


@dataclass(frozen=True)
class Site:
    """One submodule of a network, ``name``, and the map that the module put there meets: (N, channels, height, width).

    how: after, before or in place of it. stage: from 1. stride: what the submodule makes of the map's height and width,
    where it is replaced.
    """

    name: str
    how: str
    stage: int
    channels: int
    height: int
    width: int
    stride: tuple[int, int] = (1, 1)


def insert(
    network: nn.Module,
    module: str,
    *,
    at: str,
    shape: tuple[int, ...] = (1, 3, 224, 224),
    host: Network | None = None,
    **settings: Value,
) -> nn.Module:
    """Put the module ``module`` of the catalogue wherever ``at`` says, and return ``network``, which is changed.

    at: a place as in places.py, such as 'layer*.*.bn3' or 'replace:layer4.*.conv2'. shape: of an input (N, C, H, W) of the
    network: channels and sizes at each place follow from it. host: what knows the network's own places and stages;
    without it a stage is a run of places with the same number of channels. settings: hyperparameters; a text such as
    '3/5/5/7' gives each stage its own.

    Raises UsageError for a place that is nowhere in the network, ImpossibleShapeError for one where the module does not
    fit. The network is left as it was then.
    """
    known = entry(module)
    known.settings(settings)
    found = sites(network, module, at, shape, host)
    train = any(part.training for part in network.modules())
    device, dtype = _likeness(network)
    made = []
    for site in found:
        stages = len(host.stages) if host and host.stages else found[-1].stage
        here = at_stage(settings, site.stage, stages)
        refusal = known.refusal(site.channels, site.height, site.width, here, batch=shape[0], train=train)
        if refusal:
            raise ImpossibleShapeError(
                f"{site.how} {site.name}, {site.channels}@{site.height}x{site.width}: {refusal}"
            )
        with torch.device(device):
            gate = create(module, site.channels, height=site.height, width=site.width, **here)
        made.append(gate.to(dtype).train(network.training))
    for site, gate in zip(found, made, strict=True):
        _put(network, site, gate)
    return network


def sites(
    network: nn.Module, module: str, at: str, shape: tuple[int, ...], host: Network | None = None
) -> tuple[Site, ...]:
    """Where ``at`` puts ``module`` in ``network``, in the order of its submodules. Raises as ``insert`` does."""
    known = entry(module)
    place = _parsed(at, "" if host and host.stages else known.place)
    spot = (host or Network("", None, "")).resolve(place, known)
    names = [name for name, _ in network.named_modules() if name]
    found = [name for name in names if any(matches(name, pattern) for pattern in spot.patterns)]
    if not found:
        some = f"There are, for instance: {', '.join(names[:4])}." if names else "It has no submodules."
        hint = nearest(spot.patterns[0], names) or some
        raise UsageError(f"nothing in the network is called {' or '.join(spot.patterns)!r}. {hint}")
    inside = [name for name in found if spot.relation == BEFORE and _in_turn(network.get_submodule(name))]
    if inside:
        raise UsageError(f"before:{inside[0]}: it is a Sequential; name the first submodule in it")
    with _watched(network, shape) as (run, seen):
        run(found)
    maps = {name: _map_at(name, spot.relation, seen.get(name, ())) for name in found}
    stages = _stages(found, maps, host)
    left = place.picked([name for name in found if place.in_stage(stages[name])])
    if not left:
        has = sorted({*stages.values()} - {0})
        raise UsageError(
            f"{at}: none of the {len(found)} places is there; they are in stage {', '.join(map(str, has))}"
        )
    return tuple(Site(name, spot.relation, stages[name], *maps[name]) for name in left)


def _parsed(at: str, number: str) -> Place:
    """number: how a module stands to a submodule that is named by a bare number; empty where that is a stage."""
    try:
        place = parse_place(at).with_number_as_name(number) if number else parse_place(at)
    except ValueError as problem:
        raise UsageError(str(problem)) from None
    if not place.target:
        raise UsageError(f"{at!r} names no place; write layer*.*.bn3")
    return place


def _stages(names: Sequence[str], maps: dict[str, Any], host: Network | None) -> dict[str, int]:
    if host and host.stages:
        return {name: host.stage_of(name) for name in names}
    stage, before, found = 0, None, {}
    for name in names:
        stage += maps[name][0] != before
        before = maps[name][0]
        found[name] = stage
    return found


Shape = tuple[int, ...] | None
Seen = dict[
    str, list[tuple[Shape, Shape]]
]  # of each submodule, call by call, the shapes of what went in and came out


@contextmanager
def _watched(
    network: nn.Module, shape: tuple[int, ...]
) -> Iterator[tuple[Callable[[Sequence[str]], None], Seen]]:
    """A run of a copy of ``network`` on meta tensors, in eval mode; what goes into and comes out of submodules is seen."""
    copy = without_data(network).eval()
    dtype = next((p.dtype for p in copy.parameters() if p.is_floating_point()), torch.float32)
    seen: Seen = {}

    def run(names: Sequence[str]) -> None:
        for name in names:
            copy.get_submodule(name).register_forward_hook(
                lambda _, given, answer, name=name: seen.setdefault(name, []).append(
                    (_shape(given[:1]), _shape(answer))
                )
            )
        with torch.no_grad(), torch.device("meta"):
            copy(torch.empty(shape, dtype=dtype))

    yield run, seen


def _map_at(
    name: str, how: str, calls: Sequence[tuple[Shape, Shape]]
) -> tuple[int, int, int, tuple[int, int]]:
    """(channels, height, width, stride) of the map that a module meets there."""
    if not calls:
        raise UsageError(f"{name}: the network does not call it")
    given, answer = calls[0]
    met = given if how == BEFORE else answer
    if met is None or (how == REPLACE and given is None):
        raise ImpossibleShapeError(f"{name}: what is there is no map (N, C, H, W)")
    each = [call[how != BEFORE] for call in calls]
    if len({shape and shape[1] for shape in each}) > 1:
        many = ", ".join(str(shape[1]) if shape else "no map" for shape in each)
        raise ImpossibleShapeError(
            f"{name}: the network calls it {len(calls)} times, with other channels: {many}"
        )
    stride = (1, 1)
    if how == REPLACE and given is not None:
        if given[1] != met[1]:
            raise ImpossibleShapeError(
                f"{name}: it turns {given[1]} channels into {met[1]}; a module keeps their number"
            )
        stride = (-(-given[2] // met[2]), -(-given[3] // met[3]))
        if any(
            -(-before // step) != after
            for before, step, after in zip(given[2:], stride, met[2:], strict=True)
        ):
            raise ImpossibleShapeError(
                f"{name}: it turns {given[2]}x{given[3]} into {met[2]}x{met[3]}, which is no stride; a module keeps the size"
            )
    return met[1], met[2], met[3], stride


def _shape(value: Any) -> Shape:
    first = value[0] if isinstance(value, tuple | list) and value else value
    return tuple(first.shape) if isinstance(first, torch.Tensor) and first.dim() == 4 else None


def _likeness(network: nn.Module) -> tuple[torch.device, torch.dtype]:
    floating = [p for p in network.parameters() if p.is_floating_point()]
    return (floating[0].device, floating[0].dtype) if floating else (torch.device("cpu"), torch.float32)


def _put(network: nn.Module, site: Site, gate: nn.Module) -> None:
    if site.how == REPLACE:
        if site.stride != (1, 1):
            # The module keeps the size: what strode before is pooled in front of it.
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
    """Whether it runs its children one after the other: a new child is then the last of them, without a hook."""
    return type(module).forward is nn.Sequential.forward


@dataclass(frozen=True)
class _Then:
    """A hook that gives a submodule's answer to the child ``name``. A class, so that networks can still be pickled."""

    name: str

    def __call__(self, target: nn.Module, given: tuple[Any, ...], answer: Any) -> Any:
        gate: nn.Module = getattr(target, self.name)
        if isinstance(answer, tuple):
            return (gate(answer[0]), *answer[1:])
        return gate(answer)


@dataclass(frozen=True)
class _First:
    """A hook that sends a submodule's input through its child ``name`` first."""

    name: str

    def __call__(self, target: nn.Module, given: tuple[Any, ...]) -> Any:
        gate: nn.Module = getattr(target, self.name)
        return (gate(given[0]), *given[1:])
