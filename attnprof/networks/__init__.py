"""Networks that modules are inserted in: what each is, its places for modules, and how to build it.

One file per network, exporting NETWORK; importing it does not import torch. A user's own network is named by
its location: 'torchvision.models:resnet50', 'my.py:make_net(width=0.5)', 'my.py:NET' (_own.py).
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from attnprof.catalogue.entry import Entry, Paper
from attnprof.catalogue.user_location import is_path, location_of
from attnprof.catalogue.values import Value
from attnprof.errors import UsageError, nearest
from attnprof.networks import _own
from attnprof.networks._places import AFTER, BEFORE, REPLACE, Place, matches, parse_place
from attnprof.registry import Registry

if TYPE_CHECKING:
    from torch import nn

NETWORKS = Registry("attnprof.networks", "NETWORK", "network")
USUAL = "usual"  # as a place: the default place of the module at hand
PLAIN = "none"  # as a module: the network without any
IMAGE = (3, 224, 224)  # channels, height and width of the input that Facts are of


@dataclass(frozen=True)
class NamedPlace:
    """One of a network's own places: submodules, and where a module goes relative to them."""

    relation: str  # AFTER, BEFORE or REPLACE
    patterns: tuple[str, ...]  # of the submodules' names
    description: str


@dataclass(frozen=True)
class Facts:
    """A network's figures, known without building it; tests count them."""

    params: int
    macs: int  # of one image of IMAGE
    sites: Mapping[str, int]  # how many submodules the default place has, by the ENTRY's place
    source: str  # whose figures are the same, behind the paper: "torchvision's counts"


@dataclass(frozen=True)
class Network:
    """A network that modules can be inserted in."""

    title: str
    paper: Paper | None
    constructor: str  # 'package.module:Class', called with ``arguments``
    arguments: Mapping[str, Any] = field(default_factory=dict)
    entry_names: tuple[
        str, ...
    ] = ()  # names for this network in a module's ENTRY["inside"], the most specific first
    stages: tuple[str, ...] = ()  # a pattern of submodule names for each stage, in order
    places: Mapping[str, NamedPlace] = field(default_factory=dict)
    default_places: Mapping[str, str] = field(
        default_factory=dict
    )  # by the ENTRY's place: 'after' or 'replace'
    place_aliases: Mapping[str, str] = field(
        default_factory=dict
    )  # names that several networks share -> own name
    facts: Facts | None = None

    def stage_of(self, name: str) -> int:
        """The stage of the submodule ``name``, counted from 1; 0 outside all stages."""
        for number, pattern in enumerate(self.stages, 1):
            if matches(name, pattern) or matches(name, f"{pattern}.**"):
                return number
        return 0

    def stages_of(self, place: Place) -> tuple[int, ...]:
        """The stages where ``place`` may have submodules, as far as its patterns show."""
        stages = [stage for stage in range(1, len(self.stages) + 1) if place.in_stage(stage)]
        named = self.places.get(place.target)
        patterns = named.patterns if named else (place.target,)
        of_patterns = {self.stage_of(pattern) for pattern in patterns}
        if 0 in of_patterns:  # such a pattern may match in any stage
            return tuple(stages)
        return tuple(stage for stage in stages if stage in of_patterns)

    def resolve(self, place: Place, module: Entry) -> NamedPlace:
        """What ``place``, which has a target, means in this network for ``module``."""
        named = self.places.get(place.target)
        if named is None:
            return NamedPlace(place.relation or module.place, (place.target,), "")
        return replace(named, relation=place.relation or named.relation)


def network_named(name: str) -> Network:
    """The network ``name`` of the registry, or a description of a user's own, which a child process imports.

    Raises UnknownNameError with the nearest names; UsageError for a location that cannot be imported.
    """
    if not is_path(name):
        network: Network = NETWORKS.get(name)
        return network
    location, settings = _own.location_and_settings(name)
    _own.require_buildable(location, settings)
    return Network(location_of(location).name, paper=None, constructor=location, arguments=settings)


def build_network(name: str) -> "nn.Module":
    """A new network ``name`` on the default device.

    Raises as ``network_named`` does, and UsageError for what is no nn.Module.
    """
    if is_path(name):
        return _own.build(*_own.location_and_settings(name))
    description = network_named(name)
    location, _, attribute = description.constructor.partition(":")
    network: nn.Module = getattr(importlib.import_module(location), attribute)(**description.arguments)
    return network


def place_of(network: Network, module: Entry, text: str = "") -> str:
    """``text`` as a complete place for ``module``; '' and 'usual' mean the module's default place.

    Raises UsageError for a place that the network does not have.
    """
    try:
        place = parse_place(text)
    except ValueError as problem:
        raise UsageError(str(problem)) from None
    if network.stages and place.stages and place.stages[1] > len(network.stages):
        raise UsageError(f"{text}: {network.title} has {len(network.stages)} stages")
    if not network.stages:
        place = place.with_number_as_name(module.place)
    if place.target in ("", USUAL):
        return str(_default_place(network, module).narrowed(place))
    place = replace(place, target=network.place_aliases.get(place.target, place.target))
    _check_target(network, place)
    return str(place)


def _default_place(network: Network, module: Entry) -> Place:
    place = parse_place(_inside(network, module).get("place", ""))
    if not place.target and module.place in network.default_places:
        place = parse_place(network.default_places[module.place]).narrowed(place)
    if not place.target:
        raise UsageError(f"where in {network.title}? Name its submodules: --at 'layer*.*.bn3'")
    return place


def settings_in(network: Network, module: Entry) -> dict[str, Value]:
    """Hyperparameters that the authors of ``module`` use in ``network`` in place of its defaults."""
    settings: dict[str, Value] = _inside(network, module).get("settings", {})
    return dict(settings)


def _inside(network: Network, module: Entry) -> Mapping[str, Any]:
    """What the module's ENTRY says about this network; empty where it says nothing."""
    return next((module.inside[name] for name in network.entry_names if name in module.inside), {})


def _check_target(network: Network, place: Place) -> None:
    """Refuse a bare word that is no place of the network: submodules need a pattern or a relation."""
    target = place.target
    if target in network.places or not network.places:
        return
    if place.relation or any(sign in target for sign in "*?[."):
        return
    hint = nearest(target, network.places) or f"It has: {', '.join(network.places)}."
    raise UsageError(
        f"{network.title} has no place {target!r}. {hint} Submodules go by pattern, or with after: in front:"
        " --at 'layer*.*.bn3'"
    )


__all__ = [
    "AFTER",
    "BEFORE",
    "IMAGE",
    "NETWORKS",
    "PLAIN",
    "REPLACE",
    "Facts",
    "NamedPlace",
    "Network",
    "build_network",
    "network_named",
    "place_of",
    "settings_in",
]
