"""Bytes alive at once during a call, by weak references to storages."""

import weakref
from collections.abc import Iterable

import torch

from attnprof.counting.tensors import stored

_STRIDED = torch.strided


class _StorageReference(weakref.ref[torch.UntypedStorage]):
    """A weak reference that still knows, when its storage is released, how large that was and where."""

    __slots__ = ("address", "size")
    size: int  # bytes
    address: int


class LiveMemory:
    """The storages that a call creates, from creation to release, and the most bytes alive at once."""

    def __init__(self, inputs: tuple[torch.Tensor, ...] = ()) -> None:
        """inputs: tensors that exist before the call and are not part of it."""
        self.peak = 0  # bytes
        self.alive = 0  # bytes
        self._inputs = {part.untyped_storage()._cdata for x in inputs for part in stored(x)}
        self._references: dict[int, _StorageReference] = {}  # by address

    def owns(self, x: torch.Tensor) -> bool:
        """Whether the call created x's storage."""
        return x.untyped_storage()._cdata in self._references

    def add(self, outputs: Iterable[torch.Tensor], scratch: int = 0, may_be_peak: bool = True) -> None:
        """Count the storages of an operator's outputs until their release.

        scratch: bytes that the operator's kernel allocates for itself while it runs. may_be_peak: False where
        the real run has fewer bytes at this moment.
        """
        for output in outputs:
            for part in stored(output):
                self._hold(part.untyped_storage())
        if may_be_peak and self.alive + scratch > self.peak:
            self.peak = self.alive + scratch

    def _hold(self, storage: torch.UntypedStorage) -> None:
        address = storage._cdata
        if address in self._references or address in self._inputs:
            return
        reference = _StorageReference(storage, self._release)
        reference.size, reference.address = storage.nbytes(), address
        self._references[address] = reference
        self.alive += reference.size

    def _release(self, reference: "_StorageReference") -> None:
        self.alive -= reference.size
        del self._references[reference.address]
