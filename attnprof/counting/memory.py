"""Bytes alive at once during a call, by weak references to storages."""

import weakref
from typing import Any

import torch

from attnprof.counting.tensors import stored


class LiveMemory:
    """The storages that a call creates, from creation to release, and the most bytes alive at once."""

    def __init__(self, inputs: tuple[torch.Tensor, ...] = ()) -> None:
        """inputs: tensors that exist before the call and are not part of it."""
        self.peak = 0  # bytes
        self.scratch = 0  # bytes that the kernel of the next tensors allocates for itself
        self._now = 0
        self._sizes: dict[weakref.ref[Any], int] = {}
        self._alive = {part.untyped_storage()._cdata for x in inputs for part in stored(x)}
        self._inputs = frozenset(self._alive)

    @property
    def alive(self) -> int:
        """Bytes alive now."""
        return self._now

    def owns(self, x: torch.Tensor) -> bool:
        """Whether the call created x's storage."""
        key = x.untyped_storage()._cdata
        return key in self._alive and key not in self._inputs

    def add(self, x: torch.Tensor, may_be_peak: bool = True) -> None:
        """Count x's storage until its release. may_be_peak: False where the real run has fewer bytes now."""
        for part in stored(x):
            self._hold(part.untyped_storage())
        if may_be_peak and self._now + self.scratch > self.peak:
            self.peak = self._now + self.scratch
        self.scratch = 0

    def _hold(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._alive:
            return
        self._alive.add(key)
        size = storage.nbytes()

        def release(ref: "weakref.ref[Any]") -> None:
            self._now -= self._sizes.pop(ref)
            self._alive.discard(key)

        self._sizes[weakref.ref(storage, release)] = size
        self._now += size
