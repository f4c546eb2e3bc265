"""Typed records as lines of JSON, and back: in the journal, and between the parent and its workers.

msgspec reads; the standard library writes, because the lines of a journal are what ``json.dumps`` makes of
them.
"""

import json
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


def encode(record: msgspec.Struct) -> bytes:
    """The line of ``record``, its newline included."""
    return json.dumps(msgspec.to_builtins(record), separators=(",", ":")).encode() + b"\n"


class Decoder(Generic[T]):
    """Reads lines that are of one type, or of a union of tagged types."""

    def __init__(self, type: Any) -> None:
        self._type = type
        self._fast = msgspec.json.Decoder(type)

    def decode(self, line: bytes) -> T:
        """The record in ``line``. Raises ValueError where it is none."""
        try:
            record: T = self._fast.decode(line)
        except msgspec.MsgspecError:
            return self._decode_slowly(line)
        return record

    def _decode_slowly(self, line: bytes) -> T:
        # Infinity, NaN and lone surrogates are not JSON, but json.dumps writes them.
        try:
            record: T = msgspec.convert(json.loads(line), self._type)
        except msgspec.MsgspecError as problem:
            raise ValueError(str(problem)) from None
        return record
