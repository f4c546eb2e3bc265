"""Patterns that select modules.

Examples: 'se', 'cbam(reduction=8)', 'ge(theta-minus)', 'family:channel', 'year:2021', '!nonlocal'.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from attnprof.catalogue import MODULES, entries, entry, user_module
from attnprof.catalogue.entry import FAMILIES, PLACES, Entry
from attnprof.catalogue.user_location import cut_location, with_commas
from attnprof.catalogue.values import Value, cut, is_staged, parse_value, show_settings, values_of
from attnprof.errors import CannotImportError, UsageError, nearest

EVERYWHERE = "*"  # in a sweep: every module that has the hyperparameter
_PROPERTIES: dict[str, Callable[[Entry], str]] = {
    "family": lambda module: module.family,
    "place": lambda module: module.place,
    "year": lambda module: str(module.paper.year) if module.paper else "",
}
_VOCABULARY = {"family": FAMILIES, "place": tuple(PLACES)}
_SETTINGS = re.compile(r"\s*(?:\((?P<settings>.*)\))?\s*", re.DOTALL)
_PATTERN = re.compile(rf"\s*(?P<name>[^()\s]+){_SETTINGS.pattern}", re.DOTALL)


@dataclass(frozen=True)
class ConfiguredModule:
    """A module with its settings."""

    module: str
    settings: tuple[tuple[str, Value], ...] = ()  # those that differ from the defaults
    named: frozenset[str] = field(
        default=frozenset(), compare=False
    )  # those that the user named, defaults included

    @property
    def variant(self) -> str:
        """The settings as text: ``bias=true,reduction=8``; empty for the default."""
        return show_settings(dict(self.settings))


def display_name(module: str, variant: str, settings: Mapping[str, Value]) -> str:
    """A module with its variant, named where possible: ``ge(theta)``, ``cbam(reduction=4)``, ``se``.

    variant: as ``ConfiguredModule.variant``. settings: all hyperparameters.
    """
    if not variant:
        return module
    if module not in MODULES:
        return f"{module}({variant})"
    module_entry = entry(module)
    names = (
        name for name, changes in module_entry.variants.items() if module_entry.settings(changes) == settings
    )
    return f"{module}({next(names, variant)})"


def split(text: str) -> list[str]:
    """``text`` cut at its commas, those inside brackets and quotes excepted; empty parts are dropped."""
    return [part.strip() for part in with_commas(cut(text)) if part.strip()]


def matching(pattern: str, variants: str = "default") -> list[ConfiguredModule]:
    """The modules that one pattern (without '!') selects; with variants='all' also their named variants.

    Raises UnknownNameError or UsageError, in words for the user.
    """
    if pattern == "all":
        return [choice for module in entries() for choice in _with_variants(module.key, variants)]
    name, _, value = pattern.partition(":")
    if name in _PROPERTIES:
        keys = _with_property(name, value)
        return [choice for key in keys for choice in _with_variants(key, variants)]
    name, arguments = name_and_settings(pattern)
    if arguments is None:
        return _with_variants(entry(name).key, variants)
    return [configured(entry(name).key, _settings(name, arguments))]


def canonical(name: str) -> str:
    """``name`` as tables show it: 'SE(reduction=8)' as 'se(reduction=8)'. Raises UnknownNameError or
    UsageError."""
    if name == EVERYWHERE or cut_location(name)[0]:
        return name
    module, _ = name_and_settings(name)
    return entry(module).key + name.strip().removeprefix(module)


def name_and_settings(pattern: str) -> tuple[str, str | None]:
    """The name in a pattern, and the settings in its parentheses; None where it has none. Raises
    UsageError."""
    location, rest = cut_location(pattern)
    parts = _SETTINGS.fullmatch(rest) if location else _PATTERN.fullmatch(pattern)
    if not parts:
        raise UsageError(f"{pattern!r} is no module; write a name, or name(reduction=8)")
    return str(location) if location else parts["name"], parts["settings"]


def location_in(pattern: str) -> str:
    """The location of a user's own module in a pattern, 'my.py:Gate' in '!my.py:Gate(ratio=8)'; else ''."""
    text = pattern.removeprefix("!")
    location, _ = (None, "") if text.partition(":")[0] in _PROPERTIES else cut_location(text)
    return str(location) if location else ""


def import_problem(pattern: str) -> str:
    """Why the user's own module in a pattern cannot be imported; empty where it can, and for any other."""
    location = location_in(pattern)
    try:
        if location:
            user_module.description_of(location)
    except CannotImportError as problem:
        return str(problem)
    return ""


def require_of_catalogue(patterns: Iterable[str]) -> None:
    """Raises UsageError for a user's own module, which what is shown of the catalogue does not import."""
    for location in filter(None, map(location_in, patterns)):
        raise UsageError(
            f"{location} is a module of your own, not of the catalogue: attnprof show {location}"
        )


def stands_for_several(pattern: str) -> bool:
    """Whether the pattern names no single module: 'all', 'family:channel', '!se'."""
    return pattern == "all" or pattern.startswith("!") or pattern.partition(":")[0] in _PROPERTIES


def _with_property(name: str, value: str) -> list[str]:
    """Keys of the modules whose family, place or year is ``value``; UsageError for an unknown value."""
    values = {module.key: _PROPERTIES[name](module) for module in entries()}
    vocabulary = _VOCABULARY.get(name, sorted(set(values.values()) - {""}))
    if value not in vocabulary:
        raise UsageError(f"no {name} {value!r}. There are: {', '.join(vocabulary)}")
    return [key for key, own in values.items() if own == value]


def _settings(name: str, arguments: str) -> dict[str, Value]:
    """The settings in the parentheses of a pattern: hyperparameters and named variants."""
    variants = entry(name).variants
    settings: dict[str, Value] = {}
    for part in split(arguments):
        key, equals, value = part.partition("=")
        if equals:
            settings[key.strip()] = checked(name, key.strip(), parse_value(value))
        elif part in variants:
            settings |= variants[part]
        else:
            hint = nearest(part, variants) or f"It has: {', '.join(variants) or 'none'}."
            raise UsageError(f"{name} has no variant {part!r}. {hint}")
    return settings


def checked(name: str, key: str, value: Value) -> Value:
    """``value`` for the hyperparameter ``key`` of the module ``name``, if it has one of that kind.

    Raises UsageError.
    """
    module_entry = entry(name)
    module_entry.settings({key: value})  # raises for a name that it does not have
    if is_staged(value):
        for stage_value in values_of(value):
            checked(name, key, stage_value)
        return value
    return module_entry.typed(key, value)


def configured(name: str, settings: Mapping[str, Value]) -> ConfiguredModule:
    """The module ``name`` with ``settings``. Raises UsageError for a hyperparameter that it does not have."""
    return ConfiguredModule(name, tuple(entry(name).changes(settings).items()), frozenset(settings))


def _with_variants(name: str, variants: str) -> list[ConfiguredModule]:
    """The module with its defaults and, with variants='all', in every named variant; equal ones once."""
    named = entry(name).variants.values() if variants == "all" else ()
    return list(dict.fromkeys([configured(name, {}), *(configured(name, settings) for settings in named)]))


def select(
    patterns: Sequence[str],
    variants: str = "default",
    sweeps: Mapping[str, Mapping[str, Sequence[Value]]] | None = None,
) -> list[ConfiguredModule]:
    """The modules that ``patterns`` select, in the order of the patterns, each once; sweeps multiply them.

    sweeps: module (or EVERYWHERE) -> hyperparameter -> values. A module without that hyperparameter is taken
    once. Patterns that begin with '!' exclude modules; without any other pattern, from the whole catalogue.
    """
    selected = _included(patterns, variants)
    for pattern in patterns:
        if pattern.startswith("!"):
            selected = _without(pattern[1:], selected)
    combinations = [combination for module in selected for combination in _sweep(module, sweeps or {})]
    return list(dict.fromkeys(combinations))


def _included(patterns: Sequence[str], variants: str) -> list[ConfiguredModule]:
    """What the patterns without '!' select, each module once; the whole catalogue where there is none."""
    including = [pattern for pattern in patterns if not pattern.startswith("!")] or ["all"]
    return list(dict.fromkeys(module for pattern in including for module in matching(pattern, variants)))


def _without(pattern: str, modules: Iterable[ConfiguredModule]) -> list[ConfiguredModule]:
    """``modules`` less those that the pattern names: one without settings excludes every variant."""
    excluded = set(matching(pattern, "all"))
    if "(" in pattern:
        return [module for module in modules if module not in excluded]
    names = {module.module for module in excluded}
    return [module for module in modules if module.module not in names]


def _sweep(
    module: ConfiguredModule, sweeps: Mapping[str, Mapping[str, Sequence[Value]]]
) -> list[ConfiguredModule]:
    """The module at every combination of the swept values; as it is where no sweep concerns it."""
    module_entry = entry(module.module)
    of_all = {
        name: axis for name, axis in sweeps.get(EVERYWHERE, {}).items() if name in module_entry.arguments
    }
    own = {name: axis for name, axis in sweeps.get(module.module, {}).items() if module_entry.takes(name)}
    axes = {**of_all, **own}
    swept = []
    for values in product(*axes.values()):
        settings = {**dict(module.settings), **dict(zip(axes, values, strict=True))}
        combination = configured(module.module, settings)
        swept.append(replace(combination, named=combination.named | module.named))
    return swept


def check_sweep(module: str, name: str, values: Sequence[Value]) -> None:
    """Raises UsageError or UnknownNameError for a sweep that no module takes, or a value of another kind."""
    keys = [module]
    if module == EVERYWHERE:
        keys = [candidate.key for candidate in entries() if name in candidate.hyperparameters]
    if not keys:
        names = {name for candidate in entries() for name in candidate.hyperparameters}
        raise UsageError(f"no module has a hyperparameter {name!r}. {nearest(name, names)}".rstrip())
    for key in keys:
        for value in values:
            checked(key, name, value)
