"""How a user's class or function is called for C channels and a map of H x W pixels.

An argument has what the user sets, else what its name stands for (roles.py), else its default. In a setting
C, H, W and N = H*W stand for these numbers.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from attnprof.catalogue.declared import annotated_kinds, in_words, kinds_of, takes_list
from attnprof.catalogue.description import FIRST, NAMES, POSITION, REST, Argument, Description
from attnprof.catalogue.roles import OF_THE_MAP, TABLE, Role, heads_for, roles_of
from attnprof.catalogue.values import Value, show_value
from attnprof.errors import UsageError
from attnprof.grid import Point

SYMBOLS = ("C", "H", "W", "N")
PAIR, NUMBER = "pair", "number"  # what a map's size may be
Settings = Mapping[str, Any]  # those that the user sets


@dataclass(frozen=True)
class ConstructorCall:
    """The arguments of one call."""

    positional: tuple[Any, ...]
    named: Mapping[str, Any]


@dataclass(frozen=True)
class Signature:
    """The arguments of a class or function."""

    arguments: tuple[Argument, ...]
    expansion: int = 1  # of a residual block's channels

    @cached_property
    def named(self) -> dict[str, Argument]:
        """The arguments by name, without *args and **kwargs."""
        return {argument.name: argument for argument in self.arguments if argument.has_name}

    @cached_property
    def roles(self) -> dict[str, Role]:
        """What arguments stand for, by name; the channels first."""
        return roles_of(self.named)

    @property
    def channels(self) -> str:
        """The argument that is the number of channels; empty where none is."""
        return next((name for name, role in self.roles.items() if role == Role.CHANNELS), "")

    @property
    def begins_with_channels(self) -> bool:
        """Whether they are the first of *args."""
        kinds = {argument.kind for argument in self.arguments}
        return REST in kinds and not kinds & {FIRST, POSITION} and not self.channels

    @property
    def takes_any(self) -> bool:
        """Whether it takes arguments of any name."""
        return any(argument.kind == NAMES for argument in self.arguments)

    @property
    def hyperparameters(self) -> dict[str, Value]:
        """The arguments that stand for nothing else and have a plain default, with that."""
        return {
            name: argument.default
            for name, argument in self.named.items()
            if argument.has_default and argument.is_plain and name not in self.roles
        }

    def open_roles(self, settings: Settings) -> dict[str, Role]:
        """The roles of the arguments that are not set."""
        return {name: role for name, role in self.roles.items() if name not in settings}

    def missing(self, settings: Settings) -> list[str]:
        """The arguments that have no value: no default, no role, no setting."""
        required = [name for name, argument in self.named.items() if not argument.has_default]
        return [name for name in required if name not in self.roles and name not in settings]

    def symbols(self, settings: Settings) -> set[str]:
        """The symbols that ``settings`` use."""
        values = [value for name, value in settings.items() if not self.is_text(name)]
        return set(_symbols_in(values))

    def needs_size(self, settings: Settings) -> bool:
        """Whether the module with ``settings`` is built for one map size."""
        is_filled = not OF_THE_MAP.isdisjoint(self.open_roles(settings).values())
        return is_filled or bool(self.symbols(settings) - {"C"})

    def typed(self, name: str, value: Value) -> Value:
        """``value`` as the argument ``name`` declares it, by annotation or default. Raises UsageError."""
        kinds = kinds_of(self.named[name]) if name in self.named else frozenset()
        if not kinds or type(value) in kinds or self.symbols({name: value}):
            return value
        if float in kinds and type(value) is int:
            return float(value)
        text = show_value(value)
        hint = f'; the text is "{text}", in quotes' if str in kinds else ""
        raise UsageError(f"{name}: {text} is not {in_words(kinds)}{hint}")

    def calls(self, size: Point, settings: Settings) -> list[ConstructorCall]:
        """How to build the module at ``size`` (C, H, W). Two ways where nothing but trying tells whether a
        map's size is two numbers or one."""
        sizes = [name for name, role in self.open_roles(settings).items() if role == Role.SIZE]
        is_open = size[1] == size[2] and any(_form(self.named[name]) is None for name in sizes)
        return [self._call(size, settings, form) for form in ((PAIR, NUMBER) if is_open else (PAIR,))]

    def _call(self, size: Point, settings: Settings, form: str) -> ConstructorCall:
        """form: of a size that may be either."""
        values = {name: self.filling(name, size, settings, form) for name in self.open_roles(settings)}
        numbers = dict(zip(SYMBOLS, (*size, size[1] * size[2]), strict=True))
        values |= {name: self._passed(name, value, numbers) for name, value in settings.items()}
        first = [name for name, argument in self.named.items() if argument.kind == FIRST and name in values]
        positional = [values.pop(name) for name in first]
        return ConstructorCall((size[0],) if self.begins_with_channels else tuple(positional), values)

    def filling(self, name: str, size: Point, settings: Settings, form: str = PAIR) -> Any:
        """What the argument ``name``, which has a role, gets at ``size``."""
        channels, height, width = size
        match self.roles[name]:
            case Role.HALF:
                return max(1, channels // 2)
            case Role.HEIGHT:
                return height
            case Role.WIDTH:
                return width
            case Role.SIZE:
                return _size(self.named[name], height, width, form)
            case Role.TOKENS:
                return height * width
            case Role.HEADS:
                return heads_for(channels)
            case Role.HEAD_WIDTH:
                return max(1, channels // self._heads(channels, settings))
        return channels

    def _heads(self, channels: int, settings: Settings) -> int:
        """The number of heads: as it is set, else its default, else by the rule."""
        names = [name for name in TABLE[Role.HEADS] if self.roles.get(name, Role.HEADS) == Role.HEADS]
        defaults = {name: self.named[name].default for name in names if name in self.named}
        numbers = [settings.get(name, default) for name, default in defaults.items()]
        return next((n for n in numbers if isinstance(n, int) and n > 0), heads_for(channels))

    def _passed(self, name: str, value: Any, numbers: Mapping[str, int]) -> Any:
        """A setting as the constructor gets it: symbols as numbers, a sequence as a list where it takes
        one."""
        if self.is_text(name):
            return value
        resolved = _resolved(value, numbers)
        is_list = isinstance(resolved, tuple) and name in self.named and takes_list(self.named[name])
        return list(resolved) if is_list else resolved

    def is_text(self, name: str) -> bool:
        """Whether the argument ``name`` declares that it is a text."""
        return name in self.named and str in kinds_of(self.named[name])


def signature_of(description: Description) -> Signature:
    """The signature of what ``description`` is of. Its arguments can be read."""
    return Signature(description.arguments or (), description.expansion)


def _form(argument: Argument) -> str | None:
    """Whether a map's size is a pair there, or one number; None where nothing tells."""
    if isinstance(argument.default, int | tuple):
        return NUMBER if isinstance(argument.default, int) else PAIR
    kinds = annotated_kinds(argument.annotation) & {int, tuple}
    if len(kinds) != 1:
        return None
    return NUMBER if int in kinds else PAIR


def _size(argument: Argument, height: int, width: int, form: str) -> Any:
    """A map's size as ``argument`` takes it. form: where that does not tell. One number is no size of a map
    that is not square: that has two."""
    if (_form(argument) or form) == NUMBER and height == width:
        return height
    return [height, width] if takes_list(argument) else (height, width)


def _resolved(value: Any, numbers: Mapping[str, int]) -> Any:
    if isinstance(value, tuple):
        return tuple(_resolved(each, numbers) for each in value)
    return numbers.get(value, value) if isinstance(value, str) else value


def _symbols_in(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, tuple):
            yield from _symbols_in(value)
        elif isinstance(value, str) and value in SYMBOLS:
            yield value
