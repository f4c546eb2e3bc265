"""Networks that modules are inserted in: what each is, its places for modules, and how to build it.

One file per network, exporting NETWORK; importing it does not import torch. A user's own network is named by
its location: 'torchvision.models:resnet50', 'my.py:make_net(width=0.5)', 'my.py:NET' (_own.py).
"""

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from attnprof.catalogue.entry import Entry, Paper
from attnprof.catalogue.user_location import is_path, location_of
from attnprof.catalogue.values import Value
from attnprof.errors import UsageError, nearest
from attnprof.grid import IMAGE_CHANNELS, Point
from attnprof.networks import _own
from attnprof.networks._places import AFTER, BEFORE, FUSE, REPLACE, Place, matches, parse_place
from attnprof.registry import Registry

if TYPE_CHECKING:
    from torch import nn

NETWORKS = Registry("attnprof.networks", "NETWORK", "network")
USUAL = "usual"  # as a place: the default place of the module at hand
PLAIN = "none"  # as a module: the network without any
IMAGE: Point = (IMAGE_CHANNELS, 224, 224)  # what a network is called with unless it says otherwise


@dataclass(frozen=True)
class NamedPlace:
    """One of a network's own places: submodules, and where a module goes relative to them."""

    relation: str  # AFTER, BEFORE, REPLACE or FUSE
    patterns: tuple[str, ...]  # of the submodules' names
    description: str


@dataclass(frozen=True)
class Facts:
    """A network's figures, known without building it; tests count them."""

    params: int
    macs: int  # of one image of the network's usual input
    sites: Mapping[str, int]  # how many submodules a default place has, by the key of the place
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
    )  # by the ENTRY's family, else by its place: 'after', 'replace' or 'fuse'
    place_aliases: Mapping[str, str] = field(
        default_factory=dict
    )  # names that several networks share -> own name
    facts: Facts | None = None
    input: Point = IMAGE  # usual: channels, height, width
    multiple: int = 1  # of pixels, that the sides of an input have to be
    sized_by: tuple[str, ...] = ()  # what of an input the constructor takes: of channels, height and width

    def takes(self, point: Point) -> bool:
        """Whether the network takes inputs of ``point``, as far as its description shows."""
        channels, height, width = point
        is_of_channels = channels == self.input[0] or "channels" in self.sized_by
        return is_of_channels and height % self.multiple == width % self.multiple == 0

    def arguments_for(self, point: Point) -> dict[str, Any]:
        """The constructor's arguments for inputs of ``point``."""
        sizes = dict(zip(("channels", "height", "width"), point, strict=True))
        return {**self.arguments, **{name: sizes[name] for name in self.sized_by}}

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


def usual_input(names: Iterable[str]) -> Point:
    """The input that the networks ``names`` are usually called with; 3x224x224 where they differ.

    A network of the user's own, and a name that the registry no longer has, says nothing.
    """
    inputs = {IMAGE if is_path(name) or name not in NETWORKS else NETWORKS.get(name).input for name in names}
    return inputs.pop() if len(inputs) == 1 else IMAGE


def build_network(name: str, point: Point | None = None) -> "nn.Module":
    """A new network ``name`` on the default device, for inputs of ``point``: (channels, height, width), by
    default its usual one. A user's own is built as it is.

    Raises as ``network_named`` does, and UsageError for what is no nn.Module.
    """
    if is_path(name):
        return _own.build(*_own.location_and_settings(name))
    description = network_named(name)
    location, _, attribute = description.constructor.partition(":")
    arguments = description.arguments_for(point or description.input)
    network: nn.Module = getattr(importlib.import_module(location), attribute)(**arguments)
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


def lack_of_place(network: Network, module: Entry) -> str:
    """Why a network of ours has no place of its own for ``module``; empty where it has one."""
    if module.maps == 1 or not network.default_places or FUSE in network.default_places:
        return ""
    return f"takes two maps, and {network.title} has no place where two become one"


def _default_place(network: Network, module: Entry) -> Place:
    place = parse_place(_inside(network, module).get("place", ""))
    by_kind = network.default_places.get(module.family) or network.default_places.get(module.place)
    if not place.target and by_kind:
        place = parse_place(by_kind).narrowed(place)
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
    "FUSE",
    "IMAGE",
    "NETWORKS",
    "PLAIN",
    "REPLACE",
    "Facts",
    "NamedPlace",
    "Network",
    "build_network",
    "lack_of_place",
    "network_named",
    "place_of",
    "settings_in",
    "usual_input",
]
