"""Random generators that a forward pass may draw from, put back after a count."""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import string_at
from types import ModuleType
from typing import Any

import torch

_MERSENNE_BYTES = 4 * (624 + 1)  # of NumPy's MT19937: its words, and the place of the next one


@contextmanager
def kept_random_states() -> Iterator[None]:
    """While active: torch, on the CPU, Python and NumPy may draw; then their generators are as before."""
    torch_state, python_state = torch.default_generator.get_state(), random.getstate()
    # NumPy imports this part of itself when it is first used; before that it has no state.
    numpy_random = sys.modules.get("numpy.random")
    numpy_state = _NumpyState(numpy_random) if numpy_random is not None else None
    try:
        yield
    finally:
        torch.default_generator.set_state(torch_state)
        random.setstate(python_state)
        if numpy_state is not None:
            numpy_state.put_back()


class _NumpyState:
    """The state of NumPy's global generator. Setting it takes as long as counting a small module."""

    def __init__(self, numpy_random: ModuleType) -> None:
        self._random = numpy_random
        self._state = numpy_random.get_state(legacy=False)
        self._words = self._current_words()

    def put_back(self) -> None:
        """Set the state, if anything was drawn meanwhile."""
        if self._words is None or self._words != self._current_words():
            self._random.set_state(self._state)

    def _current_words(self) -> bytes | None:
        """What every draw changes; None where a draw may change something else.

        Normal numbers come in pairs: where the second one waits, it is drawn without a change of the words.
        """
        bit_generator: Any = self._random.get_bit_generator()
        if self._state["bit_generator"] != "MT19937" or self._state["has_gauss"]:
            return None
        return string_at(bit_generator.ctypes.state_address, _MERSENNE_BYTES)
