"""Which modules go where in which networks, by a spec that names networks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from attnprof.catalogue import entry, file_hash, user_module
from attnprof.catalogue.selection import ConfiguredModule, import_problem, select
from attnprof.catalogue.user_location import cut_location, is_path
from attnprof.catalogue.values import Value, values_of
from attnprof.errors import UsageError
from attnprof.networks import PLAIN, Network, lack_of_place, network_named, place_of, settings_in
from attnprof.networks._own import name_in_results
from attnprof.networks._places import parse_place
from attnprof.spec import Spec


@dataclass(frozen=True)
class Placement:
    """A module in a network, or in none. The plain network is the module 'none' at no place."""

    module: str
    settings: tuple[tuple[str, Value], ...] = ()  # every hyperparameter, sorted
    variant: str = ""  # the hyperparameters that differ from the usual ones there, as text
    host: str = ""  # the network
    place: str = ""
    source: str = ""  # hash of the file of a user's network
    problem: str = ""  # why the module cannot be imported
    refusal: str = ""  # why the network has no place for it


def placements(spec: Spec) -> list[Placement]:
    """The placements of ``spec``: of each network the plain one, then every module at every place, each once.

    Raises UsageError for a place that a network does not have, and for settings per stage that do not fit its
    stages.
    """
    return list(dict.fromkeys(each for network in spec.networks for each in _in(network, spec)))


def _in(name: str, spec: Spec) -> Iterator[Placement]:
    network = network_named(name)
    source = file_hash(user_module.source_of(network.constructor)) if is_path(name) else ""
    name = name_in_results(name) if is_path(name) else name
    yield Placement(PLAIN, host=name, source=source)
    for choice in choices(spec):
        if isinstance(choice, Placement):
            yield from (replace(choice, host=name, place=place, source=source) for place in spec.at or ("",))
            continue
        if choice.module == PLAIN:
            continue
        settings, variant = _settled(network, choice)
        placement = Placement(choice.module, settings, variant, name, source=source)
        for place, refusal in _places(network, choice, spec):
            yield replace(placement, place=place, refusal=refusal)


def choices(spec: Spec) -> Iterator[ConfiguredModule | Placement]:
    """The modules of ``spec``, pattern by pattern, without those that a '!pattern' removes; one whose file
    cannot be imported as a placement with that problem."""
    removing = [pattern for pattern in spec.modules if pattern.startswith("!")]
    adding = [pattern for pattern in spec.modules if not pattern.startswith("!")]
    for pattern in adding or ["all"]:
        if problem := import_problem(pattern):
            location, settings = cut_location(pattern)
            yield Placement(str(location), variant=settings.strip(" ()"), problem=problem)
        else:
            yield from select([pattern, *removing], spec.variants, spec.set)


def _settled(network: Network, choice: ConfiguredModule) -> tuple[tuple[tuple[str, Value], ...], str]:
    """All settings of ``choice`` in ``network``, and its variant there: its authors' settings are the usual
    ones."""
    module = entry(choice.module)
    usual = module.settings(settings_in(network, module))
    chosen = {**module.hyperparameters, **dict(choice.settings)}
    settings = {**usual, **{name: chosen[name] for name in choice.named if name in chosen}}
    changed = {name: value for name, value in sorted(settings.items()) if value != usual.get(name, ...)}
    _require_a_value_per_stage(network, choice.module, changed)
    return tuple(sorted(settings.items())), ConfiguredModule(choice.module, tuple(changed.items())).variant


def _require_a_value_per_stage(network: Network, module: str, settings: Mapping[str, Value]) -> None:
    """Raises UsageError for a setting of several values, but not as many as the network has stages."""
    for name, value in settings.items():
        count = len(values_of(value))
        if network.stages and count not in (1, len(network.stages)):
            raise UsageError(
                f"{module}.{name}: {value} has {count} values;"
                f" {network.title} has {len(network.stages)} stages"
            )


def _places(network: Network, choice: ConfiguredModule, spec: Spec) -> Iterator[tuple[str, str]]:
    """Each place, with an empty text behind it; no place, and why."""
    module = entry(choice.module)
    if not spec.at and (refusal := lack_of_place(network, module)):
        yield "", refusal
        return
    for text in spec.at or ("",):
        place = place_of(network, module, text)
        yield place, ""
        if spec.sweep_places:
            yield from ((each, "") for each in _each_stage(network, place))


def _each_stage(network: Network, text: str) -> Iterator[str]:
    if not network.stages:
        raise UsageError(
            "--sweep-places: it goes over the stages of a network of ours; name places instead: --at A,B"
        )
    place = parse_place(text)
    for stage in network.stages_of(place):
        yield str(replace(place, stages=(stage, stage)))
