"""Typed records as lines of JSON, and back: in the journal, and between the parent and its workers.

msgspec reads; the standard library writes, because the lines of a journal are what ``json.dumps`` makes of
them.
"""

import json
from json import dumps  # a module's worker may meet another function of this name in there
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
DEEP = "nested too deeply"


def encode(record: msgspec.Struct) -> bytes:
    """The line of ``record``, its newline included."""
    return dumps(msgspec.to_builtins(record), separators=(",", ":")).encode() + b"\n"


class NotAnObject(ValueError):
    """A text that is no JSON object: what a cut leaves of one."""


class Decoder(Generic[T]):
    """Reads lines that are of one type, or of a union of tagged types."""

    def __init__(self, type: Any) -> None:
        self._type = type
        self._fast = msgspec.json.Decoder(type)

    def decode(self, line: bytes) -> T:
        """The record in ``line``. Raises ValueError where it is none, and says where in it."""
        try:
            record: T = self._fast.decode(line)
        except (msgspec.MsgspecError, RecursionError):
            return self._decode_slowly(line)
        return record

    def _decode_slowly(self, line: bytes) -> T:
        # Infinity, NaN and lone surrogates are not JSON, but json.dumps writes them.
        try:
            record: T = msgspec.convert(json_object(line), self._type)
        except msgspec.MsgspecError as problem:
            raise ValueError(in_words(problem)) from None
        except RecursionError:
            raise ValueError(DEEP) from None
        return record


def json_object(text: str | bytes) -> dict[str, Any]:
    """The JSON object in ``text``. Raises NotAnObject; ValueError for one that nobody can read."""
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise NotAnObject("not a JSON object") from None
    except RecursionError:
        raise ValueError(DEEP) from None
    except ValueError:  # Python's limit for the digits of an integer
        raise ValueError("an integer of too many digits") from None
    if not isinstance(value, dict):
        raise NotAnObject("not a JSON object")
    return value


def in_words(problem: msgspec.MsgspecError) -> str:
    """Where in a record the problem is, and what: 'case.channels: expected int, got str'."""
    what, _, place = str(problem).replace("`", "").partition(" - at $")
    what = what[:1].lower() + what[1:]
    return f"{place.removeprefix('.')}: {what}" if place else what
