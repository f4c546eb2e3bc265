"""Which modules go where in which networks: what a spec that names networks asks for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from attnprof import user_module
from attnprof.catalogue import entry, file_hash
from attnprof.errors import UsageError
from attnprof.hosts import PLAIN, Host, host, place_of, settings_in
from attnprof.places import parse_place
from attnprof.selection import Choice, chosen, select
from attnprof.spec import Spec
from attnprof.staged import values_of


@dataclass(frozen=True)
class Placement:
    """A module in a network. The plain network is the module 'none' at no place. source: hash of a user's network."""

    host: str
    place: str
    choice: Choice
    source: str = ""


def placements(spec: Spec) -> list[Placement]:
    """What ``spec`` asks for: of each network the plain one first, then every module at every place, each once.

    Raises UsageError for a place that a network does not have, and for stages that it does not have.
    """
    found = [each for network in spec.networks for each in _in(network, spec)]
    return list(dict.fromkeys(found))


def _in(network: str, spec: Spec) -> Iterator[Placement]:
    known = host(network)
    source = file_hash(user_module.source_of(network)) if user_module.is_path(network) else ""
    yield Placement(network, "", Choice(PLAIN), source)
    takes_away = [pattern for pattern in spec.modules if pattern.startswith("!")]
    for pattern in [p for p in spec.modules if not p.startswith("!")] or ["all"]:
        for choice in select([pattern, *takes_away], spec.variants, spec.set):
            if choice.module == PLAIN:
                continue
            settled = _settled(known, choice)
            for place in _places(known, choice, spec):
                yield Placement(network, place, settled, source)


def _settled(known: Host, choice: Choice) -> Choice:
    """``choice`` with what its authors set in this network, where the user set nothing. Raises UsageError."""
    module = entry(choice.module)
    own = {name: value for name, value in settings_in(known, module).items() if name not in choice.named}
    settled = replace(chosen(choice.module, {**own, **dict(choice.settings)}), named=choice.named)
    for name, value in settled.settings:
        count = len(values_of(value))
        if known.stages and count not in (1, len(known.stages)):
            raise UsageError(
                f"{choice.module}.{name}: {value} has {count} values; {known.title} has {len(known.stages)} stages"
            )
    return settled


def _places(known: Host, choice: Choice, spec: Spec) -> Iterator[str]:
    module = entry(choice.module)
    for text in spec.at or ("",):
        place = place_of(known, module, text)
        yield place
        if spec.sweep_places:
            yield from _each_stage(known, place)


def _each_stage(known: Host, place: str) -> Iterator[str]:
    asked = parse_place(place)
    first, last = asked.stages or (1, len(known.stages))
    if not known.stages:
        raise UsageError("--sweep-places: it goes over the stages of a network of ours; name places instead: --at A,B")
    for stage in range(first, last + 1):
        yield str(replace(asked, stages=(stage, stage)))
