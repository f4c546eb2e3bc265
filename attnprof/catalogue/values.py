"""Values of hyperparameters as text, in one grammar.

    SETTINGS = SETTING { "," SETTING }
    SETTING  = NAME "=" VALUE
    VALUE    = "true" | "false" | "none" | NUMBER | WORD | QUOTED | SEQUENCE | STAGED
    QUOTED   = a text in double or single quotes: "a,b"; a backslash as in Python
    SEQUENCE = "(" [ VALUE { "," VALUE } [ "," ] ] ")", or in square brackets; (7) is 7, and (7,) holds it
    STAGED   = VALUE "/" VALUE { "/" VALUE }: one for each stage of a network, 3/5/5/7

A sequence is a tuple here, whatever its brackets: it can be hashed, and JSON has one kind of array.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from attnprof.errors import UsageError

Plain = bool | int | float | str | None
# A sequence is a tuple, also where its argument takes a list. At most three lie within each other.
Value = Plain | tuple[Plain | tuple[Plain | tuple[Plain, ...], ...], ...]

BETWEEN = "/"
WORDS: Mapping[str, Value] = {"true": True, "false": False, "none": None}
OPENING, CLOSING = "([", ")]"
DEEPEST = 3  # sequences within each other
_QUOTED = r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^'\\]|\\.)*'"
# A quote begins a text where a value can begin, and is a letter elsewhere: it's.py:Gate.
_TOKEN = re.compile(rf"(?:(?<=[,=(\[/\s])|\A)(?:{_QUOTED})|.", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def cut(text: str, sign: str = ",") -> list[str]:
    """``text`` cut at each ``sign`` that stands outside brackets and quotes."""
    parts, depth, start = [], 0, 0
    for token in _TOKEN.finditer(text):
        depth += _step(token[0])
        if token[0] == sign and depth == 0:
            parts.append(text[start : token.start()])
            start = token.end()
    return [*parts, text[start:]]


def _step(token: str) -> int:
    """How much deeper in brackets the text is behind ``token``."""
    return (token in OPENING) - (token in CLOSING)


def parse_settings(text: str) -> dict[str, Value]:
    """The settings in ``text``: 'depth=3,window_size=(7,7)'. Raises UsageError."""
    settings: dict[str, Value] = {}
    for part in filter(None, map(str.strip, cut(text))):
        name, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"settings are name=value, got {part!r}")
        settings[name.strip()] = parse_value(value)
    return settings


def show_settings(settings: Mapping[str, Value]) -> str:
    """``settings`` as ``parse_settings`` reads them."""
    return ",".join(f"{name}={show_value(value)}" for name, value in settings.items())


def parse_value(text: str) -> Value:
    """The value that ``text`` stands for. Raises UsageError for brackets or quotes that do not match."""
    return _parsed(text.strip(), DEEPEST)


def _parsed(text: str, levels: int) -> Value:
    """levels: of sequences that may still begin."""
    if len(cut(text, BETWEEN)) > 1:
        return text
    if text[:1] in ('"', "'"):
        return _unquoted(text)
    if text[:1] in ("(", "["):
        return _sequence(text, levels)
    return _word_or_number(text)


def _word_or_number(text: str) -> Value:
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _unquoted(text: str) -> str:
    if not re.fullmatch(_QUOTED, text, re.DOTALL):
        raise UsageError(f"{text}: what is in quotes ends at the next quote; write \\{text[0]} for one in it")
    return _ESCAPE.sub(lambda match: _character(match[1]), text[1:-1])


def _character(escape: str) -> str:
    return chr(int(escape[1:], 16)) if len(escape) > 1 else _ESCAPES.get(escape, escape)


def _sequence(text: str, levels: int) -> Value:
    if not _is_in_brackets(text):
        raise UsageError(f"{text}: its brackets do not match")
    if not levels:
        raise UsageError(f"{text}: brackets within brackets, more than {DEEPEST} deep")
    parts = [part.strip() for part in cut(text[1:-1])]
    is_in_parentheses = len(parts) == 1 and bool(parts[0]) and text[0] == "("
    if not parts[-1]:  # behind the last comma, or in empty brackets
        parts.pop()
    if "" in parts:
        raise UsageError(f"{text}: there is nothing between two of its commas")
    values = tuple(_parsed(part, levels - 1) for part in parts)
    return values[0] if is_in_parentheses else values  # type: ignore[return-value] # no deeper than DEEPEST


def _is_in_brackets(text: str) -> bool:
    """Whether the bracket that ``text`` begins with is closed at its end, by one of its kind."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += _step(token[0])
        if depth == 0:
            return token.end() == len(text) and OPENING.index(text[0]) == CLOSING.index(token[0])
    return False


def show_value(value: Any) -> str:
    """A value as ``parse_value`` reads it."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"({','.join(map(show_value, value))}{',' * (len(value) == 1)})"
    if isinstance(value, str) and not _is_itself(value):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _is_itself(text: str) -> bool:
    """Whether ``text`` stands for itself without quotes."""
    if not text or set(text) & {'"', "'"} or not text.isprintable() or _depth(text) or len(cut(text)) > 1:
        return False
    try:
        return parse_value(text) == text
    except UsageError:
        return False


def _depth(text: str) -> int:
    """How many of the brackets in ``text`` have no other one; 0 where all match."""
    depth = 0
    for letter in text:
        depth += _step(letter)
        if depth < 0:
            return 1
    return depth


def read_value(value: Any) -> Value:
    """A value as TOML or Python has it: a text is read, and lists are tuples. Raises UsageError."""
    if isinstance(value, tuple | list):
        return frozen([read_value(each) for each in value])
    return parse_value(value) if isinstance(value, str) else frozen(value)


def written_value(value: Value) -> Any:
    """``value`` as ``read_value`` reads it, without None: TOML has no word for it."""
    if isinstance(value, tuple | list):
        return [written_value(each) for each in value]
    return show_value(value) if value is None or isinstance(value, str) else value


def frozen(value: Any) -> Value:
    """``value`` with tuples in place of lists, as records and settings hold it. Raises UsageError for one
    that has no text."""
    value = _frozen(value, DEEPEST)
    return value  # type: ignore[no-any-return] # no deeper than DEEPEST


def _frozen(value: Any, levels: int) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if not isinstance(value, tuple | list):
        raise UsageError(f"a setting is a number, a text, true, false, none or a sequence, not {value!r}")
    if not levels:
        raise UsageError(f"{value!r}: sequences within sequences, more than {DEEPEST} deep")
    return tuple(_frozen(each, levels - 1) for each in value)


def is_value(value: Any) -> bool:
    """Whether ``value`` can be a setting, with lists for sequences."""
    try:
        frozen(value)
    except UsageError:
        return False
    return True


def is_staged(value: Value) -> bool:
    """Whether ``value`` stands for one value per stage."""
    return isinstance(value, str) and len(cut(value, BETWEEN)) > 1


def values_of(value: Value) -> list[Value]:
    """The value of each stage; of a plain value, that one."""
    if isinstance(value, str) and is_staged(value):
        return [parse_value(part) for part in cut(value, BETWEEN)]
    return [value]


def at_stage(settings: Mapping[str, Value], stage: int, stages: int) -> dict[str, Value]:
    """The settings in ``stage``, from 1, of ``stages``. Raises UsageError where the numbers differ."""
    in_stage: dict[str, Value] = {}
    for name, value in settings.items():
        values = values_of(value)
        if len(values) not in (1, stages):
            raise UsageError(f"{name}={value}: {len(values)} values, and the network has {stages} stages")
        in_stage[name] = values[stage - 1] if len(values) > 1 else values[0]
    return in_stage
