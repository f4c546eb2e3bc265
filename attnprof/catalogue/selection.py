"""Which modules are meant: 'se', 'cbam(reduction=8)', 'ge(theta-minus)', 'family:channel', 'year:2021', '!nonlocal'."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from attnprof.catalogue import MODULES, entries, entry
from attnprof.catalogue.entry import FAMILIES, PLACES, Entry, Value
from attnprof.catalogue.values import is_staged, parse_value, show_value, values_of
from attnprof.errors import UsageError, nearest

EVERYWHERE = "*"  # in a sweep: every module that has the hyperparameter
_PROPERTIES: dict[str, Callable[[Entry], str]] = {
    "family": lambda known: known.family,
    "place": lambda known: known.place,
    "year": lambda known: str(known.paper.year) if known.paper else "",
}
_VOCABULARY = {"family": FAMILIES, "place": tuple(PLACES)}
_PATTERN = re.compile(r"\s*([^()\s]+)\s*(?:\((.*)\))?\s*")


@dataclass(frozen=True)
class ConfiguredModule:
    """A module with the settings that differ from its defaults. named: those that were given, be they the defaults."""

    module: str
    settings: tuple[tuple[str, Value], ...] = ()
    named: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def variant(self) -> str:
        """The settings as text: ``bias=true,reduction=8``; empty for the default."""
        return ",".join(f"{name}={show_value(value)}" for name, value in self.settings)


def display_name(module: str, variant: str, settings: Mapping[str, Value]) -> str:
    """A module with its variant, by name where the catalogue has one: ``ge(theta)``, ``cbam(reduction=4)``, ``se``.

    variant: as ``ConfiguredModule.variant``. settings: all hyperparameters.
    """
    if not variant:
        return module
    known = entry(module) if module in MODULES else None
    same = (
        [name for name, given in known.variants.items() if known.settings(given) == settings] if known else []
    )
    return f"{module}({same[0] if same else variant})"


def split(text: str) -> list[str]:
    """``text`` cut at its commas, those inside parentheses excepted; empty parts left out."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def matching(pattern: str, variants: str = "default") -> list[ConfiguredModule]:
    """The choices that one pattern (without '!') stands for; with variants='all' each module's named variants too.

    Raises UnknownNameError or UsageError, in words for the user.
    """
    if pattern == "all":
        return [choice for known in entries() for choice in _plain(known.key, variants)]
    prefix, _, wanted = pattern.partition(":")
    if prefix in _PROPERTIES:
        having = {known.key: _PROPERTIES[prefix](known) for known in entries()}
        values = _VOCABULARY.get(prefix, sorted(set(having.values()) - {""}))
        if wanted not in values:
            raise UsageError(f"no {prefix} {wanted!r}. There are: {', '.join(values)}")
        return [
            choice for key, value in having.items() if value == wanted for choice in _plain(key, variants)
        ]
    found = _PATTERN.fullmatch(pattern)
    if not found:
        raise UsageError(f"{pattern!r} is no module; write a name, or name(reduction=8)")
    name, arguments = found.groups()
    if arguments is None:
        return _plain(entry(name).key, variants)
    return [configured(name, _settings(name, arguments))]


def _settings(name: str, arguments: str) -> dict[str, Value]:
    known = entry(name)
    given: dict[str, Value] = {}
    for part in split(arguments):
        key, equals, value = part.partition("=")
        if equals:
            given[key.strip()] = checked(name, key.strip(), parse_value(value))
        elif part in known.variants:
            given |= known.variants[part]
        else:
            there = ", ".join(known.variants) or "none"
            hint = nearest(part, known.variants) or f"It has: {there}."
            raise UsageError(f"{name} has no variant {part!r}. {hint}")
    return given


def checked(name: str, key: str, value: Value) -> Value:
    """``value`` for the hyperparameter ``key`` of the module ``name``, if it has one of that kind.

    Raises UsageError.
    """
    known = entry(name)
    known.settings({key: value})  # raises for a name that it does not have
    if is_staged(value):
        for each in values_of(value):
            checked(name, key, each)
        return value
    default = known.hyperparameters[key]
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
    # None is a value of its own where the default or a named variant says so: it lets the module derive the setting.
    derives = value is None and any(key in given and given[key] is None for given in known.variants.values())
    if default is None or derives:
        return value
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise UsageError(f"{name}.{key}: {show_value(value)!r} is not {kinds[type(default)]}")
    return value


def configured(name: str, given: Mapping[str, Value]) -> ConfiguredModule:
    """The module ``name`` with what ``given`` sets. Raises UsageError for a hyperparameter that it does not have."""
    return ConfiguredModule(name, tuple(entry(name).changes(given).items()), frozenset(given))


def _plain(name: str, variants: str) -> list[ConfiguredModule]:
    named = entry(name).variants.values() if variants == "all" else ()
    return list(dict.fromkeys([configured(name, {}), *(configured(name, given) for given in named)]))


def select(
    patterns: Sequence[str],
    variants: str = "default",
    sweeps: Mapping[str, Mapping[str, Sequence[Value]]] | None = None,
) -> list[ConfiguredModule]:
    """The choices that ``patterns`` stand for, in the order given, each once; sweeps multiply them.

    sweeps: module (or EVERYWHERE) -> hyperparameter -> values. A module without that hyperparameter is taken once.
    Patterns that begin with '!' take modules away; if all do, they take away from the whole catalogue.
    """
    wanted = [p for p in patterns if not p.startswith("!")] or ["all"]
    left = dict.fromkeys(choice for pattern in wanted for choice in matching(pattern, variants))
    for pattern in patterns:
        if pattern.startswith("!"):
            gone = set(matching(pattern[1:], "all"))
            whole = {choice.module for choice in gone} if "(" not in pattern else set()
            left = {c: None for c in left if c not in gone and c.module not in whole}
    return list(dict.fromkeys(swept for choice in left for swept in _sweep(choice, sweeps or {})))


def _sweep(
    choice: ConfiguredModule, sweeps: Mapping[str, Mapping[str, Sequence[Value]]]
) -> list[ConfiguredModule]:
    has = entry(choice.module).hyperparameters
    axes = {**sweeps.get(EVERYWHERE, {}), **sweeps.get(choice.module, {})}
    axes = {name: values for name, values in axes.items() if name in has}
    given = [
        {**dict(choice.settings), **dict(zip(axes, values, strict=True))}
        for values in product(*axes.values())
    ]
    return [replace(c := configured(choice.module, each), named=c.named | choice.named) for each in given]


def check_sweep(module: str, name: str, values: Sequence[Value]) -> None:
    """Raises UsageError or UnknownNameError for a sweep that no module could take, or with a value of another kind."""
    having = (
        [known.key for known in entries() if name in known.hyperparameters]
        if module == EVERYWHERE
        else [module]
    )
    if not having:
        every = {name for known in entries() for name in known.hyperparameters}
        raise UsageError(f"no module has a hyperparameter {name!r}. {nearest(name, every)}".rstrip())
    for key in having:
        for value in values:
            checked(key, name, value)
