"""Random generators that a forward pass may draw from, put back after a count.

Python's and NumPy's own functions that read the state of a generator take half as long as a small module's
count. Where the generators are the usual ones, the state is therefore read from memory; their own functions
set it, if anything was drawn.
"""

import random
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import string_at
from functools import cache, partial
from types import ModuleType
from typing import Any

import torch

_WORDS = 624  # of a Mersenne Twister
_PYTHON = struct.Struct(f"i{_WORDS}I")  # the place of the next word, and the words
_NUMPY = struct.Struct(f"{_WORDS}Ii")  # the words, and the place of the next one
_WAITING = struct.Struct("id")  # normal numbers come in pairs: whether the second one waits, and that number

PutBack = Callable[[], object]


@contextmanager
def kept_random_states() -> Iterator[None]:
    """While active: torch, on the CPU, Python and NumPy may draw; then their generators are as before."""
    put_back: list[PutBack] = [_torch(), _python()]
    # NumPy imports this part of itself when it is first used; before that it has no state.
    if numpy_random := sys.modules.get("numpy.random"):
        put_back.append(_numpy(numpy_random))
    try:
        yield
    finally:
        for each in put_back:
            each()


def _torch() -> PutBack:
    """Puts torch's generator of the CPU back."""
    return partial(torch.default_generator.set_state, torch.default_generator.get_state())


def _python() -> PutBack:
    """Puts Python's own generator back."""
    generator: Any = getattr(random.getstate, "__self__", None)  # of the functions of the module
    place = _place_in_python()
    kind: type[object] = type(generator)
    if place is None or kind is not random.Random:
        return partial(random.setstate, random.getstate())
    read = partial(string_at, id(generator) + place, _PYTHON.size)
    memory, waiting = read(), generator.gauss_next  # Python's normal numbers come in pairs, too

    def put_back() -> None:
        if read() != memory or generator.gauss_next is not waiting:
            next_word, *words = _PYTHON.unpack(memory)
            random.setstate((generator.VERSION, (*words, next_word), waiting))

    return put_back


def _numpy(numpy_random: ModuleType) -> PutBack:
    """Puts NumPy's global generator back."""
    generator = getattr(numpy_random.get_state, "__self__", None)
    source = numpy_random.get_bit_generator()
    kinds = type(generator), type(source)
    place = _place_in_numpy(numpy_random)
    if place is None or kinds != (numpy_random.RandomState, numpy_random.MT19937):
        return partial(numpy_random.set_state, numpy_random.get_state(legacy=False))
    read_words = partial(string_at, source.ctypes.state_address, _NUMPY.size)
    read_waiting = partial(string_at, id(generator) + place, _WAITING.size)
    words, waiting = read_words(), read_waiting()

    def put_back() -> None:
        if read_words() != words or read_waiting() != waiting:
            numpy_random.set_state(_numpy_state(_NUMPY.unpack(words), *_WAITING.unpack(waiting)))

    return put_back


def _numpy_state(words: Sequence[int], has_gauss: int, gauss: float) -> dict[str, Any]:
    """A state as NumPy takes it. words: with the place of the next one."""
    *key, pos = words
    state = {"key": key, "pos": pos}
    return {"bit_generator": "MT19937", "state": state, "has_gauss": has_gauss, "gauss": gauss}


@cache
def _place_in_python() -> int | None:
    """Where a generator holds its state, in bytes; None where it is not found."""
    generator = random.Random(0)
    _, (*words, next_word), _ = generator.getstate()
    return _place(_PYTHON.pack(next_word, *words), generator)


@cache
def _place_in_numpy(numpy_random: ModuleType) -> int | None:
    """Where a RandomState holds the normal number that waits, in bytes; None where it is not found."""
    generator = numpy_random.RandomState()
    has_gauss, gauss = 1, 0.8414709848078965  # a number that is there once
    generator.set_state(_numpy_state((*range(_WORDS), 0), has_gauss, gauss))
    return _place(_WAITING.pack(has_gauss, gauss), generator)


def _place(text: bytes, value: object) -> int | None:
    """Where ``text`` is in the memory of ``value``, in bytes; None where it is not there once."""
    memory = string_at(id(value), type(value).__basicsize__)
    return memory.find(text) if memory.count(text) == 1 else None
