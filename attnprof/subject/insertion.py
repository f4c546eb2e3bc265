"""Modules inserted in a network, ours or the user's: where, with how many channels, and at which size.

The network's own parameters keep their names in its state_dict, so that trained weights still load.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple

import torch
from torch import nn

from attnprof.catalogue import create, entry, user_module
from attnprof.catalogue.entry import NOTHING
from attnprof.catalogue.user_location import is_path
from attnprof.catalogue.values import Value, at_stage
from attnprof.errors import ImpossibleShapeError, UsageError, nearest
from attnprof.networks import FUSE, REPLACE, Network
from attnprof.networks._places import Place, matches, parse_place
from attnprof.subject.adapting import constructed, made_to_fit
from attnprof.subject.attachment import Site, attach, owner_of
from attnprof.subject.rehearsal import rehearse
from attnprof.subject.traffic import MapAt, Passage, Path, Shape, Traffic, traffic_of


class _Met(NamedTuple):
    """What reaches a module at a place: a Site's fields from ``channels`` to ``takes_more``, in its order."""

    channels: int
    height: int
    width: int
    stride: tuple[int, int]
    calls: int
    path: Path
    channels_last: bool
    takes_more: bool


def insert(
    network: nn.Module,
    module: str,
    /,
    *,
    at: str,
    shape: tuple[int, ...] = (1, 3, 224, 224),
    host: Network | None = None,
    settings: Mapping[str, Any] = NOTHING,
    **hyperparameters: Any,
) -> nn.Module:
    """Insert the module ``module`` of the catalogue at every place ``at``, and return ``network``, which is
    changed.

    at: a place such as 'layer*.*.bn3' or 'replace:layer4.*.conv2'. shape: of an input (N, C, H, W) of the
    network; channels and sizes at each place follow from it. host: the network's own places and stages;
    without it a stage is a run of places with the same number of channels. settings: hyperparameters, also
    those that are called at, shape, host or settings; a text such as '3/5/5/7' gives each stage its own;
    gate=True applies a module of your own that gives a gate.

    Raises UsageError for a place that the network does not have, ImpossibleShapeError for one where the
    module does not fit, or gives another shape than it takes. The network is unchanged then.
    """
    if is_path(module):
        user_module.load(module)  # its entry is then read in this process, too
    changes = entry(module).changes({**settings, **hyperparameters})
    places = sites(network, module, at, shape, host)
    stages = len(host.stages) if host and host.stages else places[-1].stage
    modules = [
        _module(network, module, site, at_stage(changes, site.stage, stages), shape[0]) for site in places
    ]
    attachments = [attach(network, site, each) for site, each in zip(places, modules, strict=True)]
    try:
        rehearse(network, attachments, module, shape)
    except BaseException:
        for attachment in reversed(attachments):
            attachment.take_out()
        raise
    return network


def _module(
    network: nn.Module, module: str, site: Site, settings: Mapping[str, Value], batch: int
) -> nn.Module:
    """The module for one site, in the mode, dtype and device of ``network``; a user's takes and gives maps.

    Raises ImpossibleShapeError.
    """
    train = any(part.training for part in network.modules())
    size = site.channels, site.height, site.width
    if refusal := entry(module).refusal(*size, settings, batch=batch, train=train):
        raise ImpossibleShapeError(f"{site}: {refusal}")
    device, dtype = _likeness(network)

    def make(shape: tuple[int, ...]) -> nn.Module:
        _, channels, height, width = shape
        with torch.device(device):
            return create(module, channels, height=height, width=width, settings=settings)

    shape = batch, *size
    if is_path(module):
        own = constructed(make, shape, module, device)
        built = made_to_fit(own, make, shape, module)
    else:
        built = make(shape)
    return built.to(dtype).train(network.training)


def sites(
    network: nn.Module, module: str, at: str, shape: tuple[int, ...], host: Network | None = None
) -> tuple[Site, ...]:
    """The places ``at`` for ``module`` in ``network``, in the order of its submodules. Raises as ``insert``
    does."""
    place = _parsed(at, "" if host and host.stages else entry(module).place)
    spot = (host or Network("", None, "")).resolve(place, entry(module))
    _require_as_many_maps(module, at, spot.relation)
    names = _named(network, spot.patterns)
    traffic = traffic_of(network, names, shape)
    met = {name: _met(name, spot.relation, traffic.passages.get(name, ())) for name in names}
    stages = _stages(met, host)
    picked = place.picked([name for name in names if place.in_stage(stages[name])])
    if not picked:
        existing = ", ".join(map(str, sorted({*stages.values()} - {0})))
        raise UsageError(f"{at}: none of the {len(names)} places is there; they are in stage {existing}")
    return tuple(_site(network, name, spot.relation, stages[name], met[name], traffic) for name in picked)


def _require_as_many_maps(module: str, at: str, relation: str) -> None:
    """Raises ImpossibleShapeError for a module of one map where two become one, and for one of two
    elsewhere."""
    if (entry(module).maps > 1) == (relation == FUSE):
        return
    if relation == FUSE:
        raise ImpossibleShapeError(f"{at}: two maps become one there, and {module} takes one")
    raise ImpossibleShapeError(
        f"{at}: there is one map there, and {module} takes two; it goes where two become one: fuse:NAME of a"
        " submodule that takes both"
    )


def _site(network: nn.Module, name: str, how: str, stage: int, met: _Met, traffic: Traffic) -> Site:
    if how in (REPLACE, FUSE):
        return Site(name, how, stage, *met)
    return Site(name, how, stage, *met, owner=owner_of(network, name, how, met.path, traffic.listing))


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


def _stages(maps: Mapping[str, _Met], host: Network | None) -> dict[str, int]:
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


def _met(name: str, how: str, passages: Sequence[Passage]) -> _Met:
    """What reaches a module there. Raises UsageError or ImpossibleShapeError where no map does."""
    if not passages:
        raise UsageError(
            f"{name}: the network does not call it: it is never run with this input, or its forward or its"
            " weights are used without it"
        )
    maps = [passage.reaching(how) for passage in passages]
    if how == FUSE:
        _require_pairs(name, passages)
    first, argument = maps[0], passages[0].argument
    if first is None or (how == REPLACE and argument is None):
        raise ImpossibleShapeError(f"{name}: what is there is no map (N, C, H, W)")
    _require_alike(name, maps)
    stride, path = (1, 1), first.path
    if how == REPLACE and argument is not None:
        _require_alike(name, [passage.argument for passage in passages])
        _require_exchangeable(name, argument, first)
        stride, path = _stride(name, argument.shape, first.shape), argument.path
    takes_more = passages[0].takes_more
    return _Met(*first.shape[1:], stride, len(passages), path, first.channels_last, takes_more)


def _require_alike(name: str, maps: Sequence[MapAt | None]) -> None:
    """Raises ImpossibleShapeError where a submodule's calls meet other numbers of channels, or maps elsewhere
    in what they take or give."""
    numbers = [str(each.shape[1]) if each else "no map" for each in maps]
    if len(set(numbers)) > 1:
        raise ImpossibleShapeError(
            f"{name}: the network calls it {len(numbers)} times, with other channels: {', '.join(numbers)}"
        )
    if len({(each.path, each.channels_last) for each in maps if each}) > 1:
        raise ImpossibleShapeError(
            f"{name}: the network calls it {len(maps)} times, with the map as another argument, in another"
            " place of the answer or in another layout"
        )


def _require_pairs(name: str, passages: Sequence[Passage]) -> None:
    """Raises ImpossibleShapeError for a submodule that does not make one map of two of the same shape."""
    for passage in passages:
        if passage.pair is None:
            raise ImpossibleShapeError(f"{name}: its arguments are not two maps (N, C, H, W) alone")
        first, second = passage.pair
        if first.shape != second.shape or first.channels_last or second.channels_last:
            raise ImpossibleShapeError(f"{name}: its two maps are not of one shape (N, C, H, W)")
        if passage.answer is None or passage.answer.path or passage.answer.shape != first.shape:
            raise ImpossibleShapeError(f"{name}: it does not answer with one map of the shape of both")


def _require_exchangeable(name: str, argument: MapAt, answer: MapAt) -> None:
    """Raises ImpossibleShapeError for a submodule whose answer is more than one map in the layout that it
    takes."""
    if answer.path:
        raise ImpossibleShapeError(
            f"{name}: it answers with several values, and a module with one map; put it after {name}, or in"
            " place of a submodule of it"
        )
    if argument.channels_last != answer.channels_last:
        raise ImpossibleShapeError(f"{name}: it takes and gives maps in different layouts; a module keeps it")


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


def _likeness(network: nn.Module) -> tuple[torch.device, torch.dtype]:
    floating = [p for p in network.parameters() if p.is_floating_point()]
    return (floating[0].device, floating[0].dtype) if floating else (torch.device("cpu"), torch.float32)
