"""Networks that modules are put into: what each is, where its places are, and how it is built.

One file per network, exporting NETWORK; importing it does not import torch. A user's own network is named by where it is:
'torchvision.models:resnet50', 'my.py:make_net': a class or function that needs no argument and returns an nn.Module.
"""

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from attnprof.catalogue import user_module
from attnprof.catalogue.entry import Entry, Paper, Value
from attnprof.errors import UsageError, nearest
from attnprof.networks._places import AFTER, BEFORE, REPLACE, Place, matches, parse_place
from attnprof.registry import Registry

if TYPE_CHECKING:
    from torch import nn

NETWORKS = Registry("attnprof.networks", "NETWORK", "network")
USUAL = "usual"  # the place that is each module's own, where others are named beside it
PLAIN = "none"  # the module whose row is the network without any


@dataclass(frozen=True)
class Spot:
    """One of a network's own places: how a module stands to the submodules that the patterns name."""

    how: str
    patterns: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Network:
    """A network that modules can be put into.

    make: 'package.module:Class', called with arguments. kin: the names under which a module's file may say where it goes
    here, the closest first. stages: a pattern each, in order. places: its own, by name. same: other names of places, that
    networks share. usual: the place of a module that says no more than 'after' or 'replace' of itself.
    """

    title: str
    paper: Paper | None
    make: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    kin: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    places: Mapping[str, Spot] = field(default_factory=dict)
    usual: Mapping[str, str] = field(default_factory=dict)
    same: Mapping[str, str] = field(default_factory=dict)

    def stage_of(self, name: str) -> int:
        """The stage that the submodule ``name`` belongs to, from 1; 0 for what is in none."""
        for number, pattern in enumerate(self.stages, 1):
            if matches(name, pattern) or matches(name, f"{pattern}.**"):
                return number
        return 0

    def stages_of(self, place: Place) -> tuple[int, ...]:
        """The stages that ``place`` may have something in, as far as its patterns tell."""
        named = self.places.get(place.target)
        meant = {self.stage_of(pattern) for pattern in (named.patterns if named else (place.target,))}
        every = range(1, len(self.stages) + 1)
        return tuple(stage for stage in every if place.in_stage(stage) and (0 in meant or stage in meant))

    def spot(self, place: Place, module: Entry) -> Spot:
        """What ``place``, which has a target, means here for ``module``."""
        named = self.places.get(place.target)
        how = place.how or (named.how if named else module.place)
        patterns = named.patterns if named else (place.target,)
        return Spot(how, patterns, named.says if named else "")


def host(name: str) -> Network:
    """The network ``name``, or one that stands for a user's own. Imports no torch of its own accord.

    Raises UnknownNameError with the nearest names; UsageError for a path that leads nowhere.
    """
    if not user_module.is_path(name):
        found: Network = NETWORKS.get(name)
        return found
    made = user_module.load(name)
    try:
        needed = [a for a in inspect.signature(made).parameters.values() if _is_needed(a)]
    except (TypeError, ValueError):
        needed = []
    if needed:
        raise UsageError(
            f"{name}: it needs an argument, {needed[0].name!r}; name a function that takes none and returns the network"
        )
    return Network(title=name.partition(":")[2], paper=None, make=name)


def _is_needed(argument: inspect.Parameter) -> bool:
    return argument.default is argument.empty and argument.kind not in (
        argument.VAR_POSITIONAL,
        argument.VAR_KEYWORD,
    )


def make(name: str) -> "nn.Module":
    """The network ``name``, fresh, on the default device. Raises as ``host`` does, and UsageError for what is no network."""
    known = host(name)
    if user_module.is_path(name):
        made = user_module.load(name)
    else:
        where, _, attribute = known.make.partition(":")
        made = getattr(importlib.import_module(where), attribute)
    network: Any = made(**known.arguments)
    if not hasattr(network, "named_modules"):
        raise UsageError(f"{name}: it returns {type(network).__name__}, not an nn.Module")
    return network  # type: ignore[no-any-return] # loaded by name


def place_of(known: Network, module: Entry, text: str = "") -> str:
    """The whole place, as text, that ``text`` means for ``module`` in ``known``; of '' and 'usual', the module's own.

    Raises UsageError for a place that the network does not have.
    """
    try:
        asked = parse_place(text)
    except ValueError as problem:
        raise UsageError(str(problem)) from None
    if known.stages and asked.stages and asked.stages[1] > len(known.stages):
        raise UsageError(f"{text}: {known.title} has {len(known.stages)} stages")
    if not known.stages:
        asked = asked.of_a_name(module.place)
    if asked.target and asked.target != USUAL:
        asked = replace(asked, target=known.same.get(asked.target, asked.target))
        _check(known, asked)
        return str(asked)
    own = parse_place(_inside(known, module).get("place", ""))
    if not own.target and module.place in known.usual:
        own = parse_place(known.usual[module.place]).narrowed(own)
    if not own.target:
        raise UsageError(f"where in {known.title}? Name its submodules: --at 'layer*.*.bn3'")
    return str(own.narrowed(asked))


def settings_in(known: Network, module: Entry) -> dict[str, Value]:
    """The hyperparameters that ``module`` has in ``known`` where nobody says otherwise and they are not its defaults."""
    given: dict[str, Value] = _inside(known, module).get("settings", {})
    return dict(given)


def _inside(known: Network, module: Entry) -> Mapping[str, Any]:
    return next((module.inside[name] for name in known.kin if name in module.inside), {})


def _check(known: Network, asked: Place) -> None:
    """A bare word is a place of the network's own; the name of a submodule has HOW in front of it, or is a pattern."""
    target = asked.target
    if target in known.places or not known.places or asked.how or any(sign in target for sign in "*?[."):
        return
    hint = nearest(target, known.places) or f"It has: {', '.join(known.places)}."
    raise UsageError(
        f"{known.title} has no place {target!r}. {hint} Submodules go by pattern, or with after: in front:"
        " --at 'layer*.*.bn3'"
    )


__all__ = [
    "AFTER",
    "BEFORE",
    "NETWORKS",
    "PLAIN",
    "REPLACE",
    "Network",
    "Spot",
    "host",
    "make",
    "place_of",
    "settings_in",
]
