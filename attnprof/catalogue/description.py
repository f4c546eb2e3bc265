"""What a user's module says of itself, as data: a child process imports it and says it in JSON."""

import inspect
from collections.abc import Callable, Mapping
from itertools import takewhile
from os.path import abspath
from typing import Any, NamedTuple

from attnprof.catalogue.values import Value, frozen
from attnprof.errors import UsageError

# How an argument is passed: by position alone, by both, by name alone; *args and **kwargs take any number.
FIRST, POSITION, KEYWORD, REST, NAMES = "first", "position", "keyword", "rest", "names"
_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: FIRST,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: POSITION,
    inspect.Parameter.KEYWORD_ONLY: KEYWORD,
    inspect.Parameter.VAR_POSITIONAL: REST,
    inspect.Parameter.VAR_KEYWORD: NAMES,
}
LONGEST_DOC, LONGEST_DEFAULT, LONGEST_ANNOTATION = 10_000, 1_000, 300  # characters
LARGEST_INTEGER = 2**63
OF_EVERY_MODULE = "torch.nn.modules.module"  # where the constructor of nn.Module is, which takes nothing


class Argument(NamedTuple):
    """One argument of a class or function."""

    name: str
    kind: str  # FIRST, POSITION, KEYWORD, REST or NAMES
    has_default: bool
    is_plain: bool  # whether the default, where it has one, is a Value
    default: Value = None
    is_list: bool = False  # whether the default is a list, which is a tuple here
    annotation: str = ""  # as the file has it

    @property
    def has_name(self) -> bool:
        """Whether it is one argument, and not any number of them."""
        return self.kind not in (REST, NAMES)


class Description(NamedTuple):
    """A class or function that builds a module, or a network."""

    doc: str
    source: str  # path of the file that defines it; empty where there is none
    arguments: tuple[Argument, ...] | None  # None: they cannot be read
    expansion: int = 1  # of a residual block's channels: what its class says
    is_built: bool = False  # whether it is no class or function, but a module
    roots: tuple[str, ...] = ()  # what its file imports from folders above it: 'models from /repository'

    def to_json(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        arguments = self.arguments and [argument._asdict() for argument in self.arguments]
        return {**self._asdict(), "arguments": arguments}


def described(constructor: Callable[..., Any]) -> Description:
    """What ``constructor`` says of itself."""
    own = getattr(constructor, "__doc__", None)  # not that of nn.Module, which it may inherit
    doc = _text(inspect.cleandoc(own))[:LONGEST_DOC] if isinstance(own, str) else ""
    if hasattr(constructor, "named_modules") and not inspect.isclass(constructor):
        return Description(doc, _source(type(constructor)), (), is_built=True)
    return Description(doc, _source(constructor), _arguments(constructor), _expansion(constructor))


def from_json(fields: Any) -> Description:
    """The description that ``to_json`` made ``fields`` of. Raises ValueError, TypeError or LookupError."""
    arguments = fields["arguments"]
    if arguments is not None:
        arguments = tuple(_argument_of(each) for each in arguments)
    doc, source = (_checked(fields[name], str) for name in ("doc", "source"))
    expansion, is_built = _checked(fields["expansion"], int), _checked(fields["is_built"], bool)
    roots = tuple(_checked(root, str) for root in _checked(fields["roots"], list))
    return Description(doc, source, arguments, expansion, is_built, roots)


def _argument_of(fields: Mapping[str, Any]) -> Argument:
    if fields["kind"] not in _KINDS.values():
        raise ValueError(f"{fields['kind']!r} is no kind of argument")
    name, kind, annotation = (_checked(fields[key], str) for key in ("name", "kind", "annotation"))
    has_default, is_plain, is_list = (
        _checked(fields[key], bool) for key in ("has_default", "is_plain", "is_list")
    )
    return Argument(name, kind, has_default, is_plain, _value(fields["default"]), is_list, annotation)


def _checked(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind}")
    return value


def _value(value: Any) -> Value:
    try:
        return frozen(value)
    except UsageError as problem:
        raise TypeError(str(problem)) from None


def _arguments(constructor: Callable[..., Any]) -> tuple[Argument, ...] | None:
    try:
        return tuple(map(_argument, _parameters(constructor)))
    except (TypeError, ValueError):
        return None


def _parameters(constructor: Callable[..., Any]) -> list[inspect.Parameter]:
    """What ``constructor`` can be called with. A class that hands on whatever it gets takes what the class
    above it names, and one without a constructor of its own takes nothing. Raises TypeError or ValueError."""
    own = _parameters_of(constructor)
    if not inspect.isclass(constructor) or not _are_any(own):
        return own
    makers = [vars(each)["__init__"] for each in constructor.__mro__[:-1] if "__init__" in vars(each)]
    for maker in takewhile(lambda maker: maker.__module__ != OF_EVERY_MODULE, makers):
        parameters = _parameters_of(maker)[1:]  # less self
        if not _are_any(parameters):
            return parameters
    return [] if makers and makers[0].__module__ == OF_EVERY_MODULE else own


def _parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def _are_any(parameters: list[inspect.Parameter]) -> bool:
    """Whether they are *args and **kwargs."""
    return [_KINDS[parameter.kind] for parameter in parameters] == [REST, NAMES]


def _argument(parameter: inspect.Parameter) -> Argument:
    has_default = parameter.default is not parameter.empty
    default = parameter.default if has_default else None
    is_plain = _is_plain(default)
    return Argument(
        parameter.name,
        _KINDS[parameter.kind],
        has_default,
        is_plain,
        frozen(default) if is_plain else None,
        is_plain and isinstance(default, list),
        _annotation(parameter),
    )


def _annotation(parameter: inspect.Parameter) -> str:
    if parameter.annotation is parameter.empty:
        return ""
    annotation = parameter.annotation
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return _text(text)[:LONGEST_ANNOTATION]


def _is_plain(value: object) -> bool:
    """Whether ``value`` can be written down and read again as it is."""
    if isinstance(value, tuple | list):
        return _is_plain_sequence(value)
    if isinstance(value, str):
        return len(value) <= LONGEST_DEFAULT and _text(value) == value
    if isinstance(value, int):
        return abs(value) < LARGEST_INTEGER
    return value is None or isinstance(value, float)


def _is_plain_sequence(values: tuple[object, ...] | list[object]) -> bool:
    if len(values) > LONGEST_DEFAULT:
        return False
    try:
        return all(map(_is_plain, values)) and frozen(values) is not None
    except (UsageError, RecursionError):
        return False


def _source(constructor: Callable[..., Any]) -> str:
    try:
        return abspath(inspect.getsourcefile(constructor) or "")
    except (TypeError, OSError):  # of a built-in class there is none
        return ""


def _expansion(constructor: Callable[..., Any]) -> int:
    """How many times its planes a residual block gives, by the attribute that such classes have."""
    expansion = getattr(constructor, "expansion", 1)
    is_number = isinstance(expansion, int) and not isinstance(expansion, bool)
    return expansion if is_number and 0 < expansion < LARGEST_INTEGER else 1


def _text(text: str) -> str:
    """``text`` as UTF-8 can hold it."""
    return text.encode("utf-8", "backslashreplace").decode()
