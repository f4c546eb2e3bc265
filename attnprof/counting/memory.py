"""How many bytes are alive at once, by weak references to storages."""

import weakref
from typing import Any

import torch


class Alive:
    """Storages that a call makes, from their making to their end. ``peak``: the most bytes at once."""

    def __init__(self, known: tuple[torch.Tensor, ...] = ()) -> None:
        self.peak = 0
        self.scratch = 0  # bytes that the kernel which makes the next tensors takes for itself
        self._now = 0
        self._sizes: dict[weakref.ref[Any], int] = {}
        self._here = {x.untyped_storage()._cdata for x in known}
        self._known = frozenset(self._here)

    def is_own(self, x: torch.Tensor) -> bool:
        """Whether x's storage is one that the call made."""
        key = x.untyped_storage()._cdata
        return key in self._here and key not in self._known

    def made(self, x: torch.Tensor, peaks: bool = True) -> None:
        """x has come to be: its storage counts from now until nobody holds it. peaks: whether this moment may be the peak."""
        storage = x.untyped_storage()
        key = storage._cdata
        if key not in self._here:
            self._here.add(key)
            size = storage.nbytes()

            def gone(ref: "weakref.ref[Any]") -> None:
                self._now -= self._sizes.pop(ref)
                self._here.discard(key)

            self._sizes[weakref.ref(storage, gone)] = size
            self._now += size
        if peaks and self._now + self.scratch > self.peak:
            self.peak = self._now + self.scratch
        self.scratch = 0
