"""Which modules go where in which networks: what a spec that names networks asks for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from attnprof.catalogue import entry, file_hash, user_module
from attnprof.catalogue.entry import Value
from attnprof.catalogue.selection import ConfiguredModule, select
from attnprof.catalogue.values import values_of
from attnprof.errors import UsageError
from attnprof.networks import PLAIN, Network, network_named, place_of, settings_in
from attnprof.networks._places import parse_place
from attnprof.spec import Spec


@dataclass(frozen=True)
class Placement:
    """A module in a network, or in none. The plain network is the module 'none' at no place.

    settings: every hyperparameter, sorted. variant: those that differ from what is usual there, as text. source: hash of
    the file of a network that is not ours.
    """

    module: str
    settings: tuple[tuple[str, Value], ...] = ()
    variant: str = ""
    host: str = ""
    place: str = ""
    source: str = ""


def placements(spec: Spec) -> list[Placement]:
    """What ``spec`` asks for: of each network the plain one first, then every module at every place, each once.

    Raises UsageError for a place that a network does not have, and for settings per stage that do not fit its stages.
    """
    return list(dict.fromkeys(each for network in spec.networks for each in _in(network, spec)))


def _in(network: str, spec: Spec) -> Iterator[Placement]:
    known = network_named(network)
    source = file_hash(user_module.source_of(network)) if user_module.is_path(network) else ""
    yield Placement(PLAIN, host=network, source=source)
    takes_away = [pattern for pattern in spec.modules if pattern.startswith("!")]
    for pattern in [p for p in spec.modules if not p.startswith("!")] or ["all"]:
        for choice in select([pattern, *takes_away], spec.variants, spec.set):
            if choice.module == PLAIN:
                continue
            settings, variant = _settled(known, choice)
            for place in _places(known, choice, spec):
                yield Placement(choice.module, settings, variant, network, place, source)


def _settled(known: Network, choice: ConfiguredModule) -> tuple[tuple[tuple[str, Value], ...], str]:
    """All settings of ``choice`` in ``known``, and its variant there: its authors' settings are the usual ones."""
    module = entry(choice.module)
    usual = module.settings(settings_in(known, module))
    given = {**module.hyperparameters, **dict(choice.settings)}
    settings = {name: given[name] if name in choice.named else usual[name] for name in usual}
    for name, value in settings.items():
        count = len(values_of(value))
        if known.stages and count not in (1, len(known.stages)):
            raise UsageError(
                f"{choice.module}.{name}: {value} has {count} values; {known.title} has {len(known.stages)} stages"
            )
    changed = {name: value for name, value in sorted(settings.items()) if value != usual[name]}
    return tuple(sorted(settings.items())), ConfiguredModule(choice.module, tuple(changed.items())).variant


def _places(known: Network, choice: ConfiguredModule, spec: Spec) -> Iterator[str]:
    module = entry(choice.module)
    for text in spec.at or ("",):
        place = place_of(known, module, text)
        yield place
        if spec.sweep_places:
            yield from _each_stage(known, place)


def _each_stage(known: Network, place: str) -> Iterator[str]:
    if not known.stages:
        raise UsageError(
            "--sweep-places: it goes over the stages of a network of ours; name places instead: --at A,B"
        )
    asked = parse_place(place)
    for stage in known.stages_of(asked):
        yield str(replace(asked, stages=(stage, stage)))
