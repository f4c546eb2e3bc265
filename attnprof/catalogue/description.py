"""What a user's module says of itself, as data: a child process imports it and says it in JSON."""

import inspect
from collections.abc import Callable, Mapping
from os.path import abspath
from typing import Any, NamedTuple

from attnprof.catalogue.entry import Value

POSITION, KEYWORD, REST = "position", "keyword", "rest"
_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: POSITION,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: POSITION,
    inspect.Parameter.KEYWORD_ONLY: KEYWORD,
    inspect.Parameter.VAR_POSITIONAL: REST,
    inspect.Parameter.VAR_KEYWORD: REST,
}
LONGEST_DOC, LONGEST_DEFAULT = 10_000, 1_000  # characters
LARGEST_INTEGER = 2**63


class Argument(NamedTuple):
    """One argument of a class or function."""

    name: str
    kind: str  # POSITION, KEYWORD, or REST: *args and **kwargs
    has_default: bool
    is_plain: bool  # whether the default, where it has one, is a Value
    default: Value = None


class Description(NamedTuple):
    """A class or function that builds a module, or a network."""

    doc: str
    source: str  # path of the file that defines it; empty where there is none
    arguments: tuple[Argument, ...] | None  # None: they cannot be read

    def to_json(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        arguments = self.arguments and [argument._asdict() for argument in self.arguments]
        return {**self._asdict(), "arguments": arguments}


def described(constructor: Callable[..., Any]) -> Description:
    """What ``constructor`` says of itself."""
    doc = _text(inspect.getdoc(constructor) or "")[:LONGEST_DOC]
    return Description(doc, _source(constructor), _arguments(constructor))


def from_json(fields: Any) -> Description:
    """The description that ``to_json`` made ``fields`` of. Raises ValueError, TypeError or LookupError."""
    arguments = fields["arguments"]
    if arguments is not None:
        arguments = tuple(_argument_of(each) for each in arguments)
    return Description(_checked(fields["doc"], str), _checked(fields["source"], str), arguments)


def _argument_of(fields: Mapping[str, Any]) -> Argument:
    kind, default = fields["kind"], fields["default"]
    if kind not in _KINDS.values():
        raise ValueError(f"{kind!r} is no kind of argument")
    has_default, is_plain = (_checked(fields[name], bool) for name in ("has_default", "is_plain"))
    return Argument(_checked(fields["name"], str), kind, has_default, is_plain, _checked(default, Value))


def _checked(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind}")
    return value


def _arguments(constructor: Callable[..., Any]) -> tuple[Argument, ...] | None:
    try:
        parameters = inspect.signature(constructor).parameters.values()
    except (TypeError, ValueError):
        return None
    return tuple(map(_argument, parameters))


def _argument(parameter: inspect.Parameter) -> Argument:
    has_default = parameter.default is not parameter.empty
    default = parameter.default if has_default else None
    is_plain = _is_plain(default)
    return Argument(
        parameter.name, _KINDS[parameter.kind], has_default, is_plain, default if is_plain else None
    )


def _is_plain(value: object) -> bool:
    """Whether ``value`` can be written down and read again as it is."""
    if isinstance(value, str):
        return len(value) <= LONGEST_DEFAULT and _text(value) == value
    if isinstance(value, int):
        return abs(value) < LARGEST_INTEGER
    return value is None or isinstance(value, float)


def _source(constructor: Callable[..., Any]) -> str:
    try:
        return abspath(inspect.getsourcefile(constructor) or "")
    except (TypeError, OSError):  # of a built-in class there is none
        return ""


def _text(text: str) -> str:
    """``text`` as UTF-8 can hold it."""
    return text.encode("utf-8", "backslashreplace").decode()
