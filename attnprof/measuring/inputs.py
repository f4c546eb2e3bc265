"""Random tensors: so many that none is still in the cache when its turn comes again."""

from collections.abc import Sequence
from math import ceil, prod

import torch

# Drawn at random; what is beyond is these once more. Drawing a gigabyte would take longer than many a cell is
# measured. An odd number, so that no two inputs begin alike.
DRAWN = 2**20 + 7
ROUNDED_TO = 2**24  # values: inputs of another shape that pass the same cache are hardly more or fewer


class RandomPool:
    """The memory that a process's blocks take their inputs from: to fill a gigabyte takes a second, and the
    inputs of the next size are the same values in another shape."""

    def __init__(self) -> None:
        self._values: torch.Tensor | None = None
        self._seed = 0

    def inputs(
        self, count: int, shape: Sequence[int], device: torch.device, dtype: torch.dtype, seed: int
    ) -> Sequence[torch.Tensor]:
        """``count`` tensors of ``shape`` that lie one behind the other in memory; the same values for the
        same seed."""
        total = count * prod(shape)
        if total <= DRAWN:  # a part of more would be other values than so few drawn by themselves
            return _filled(total, device, dtype, seed).view(count, *shape).unbind(0)
        if not self._holds(total, device, dtype, seed):
            self._values = None  # there may not be room for both
            self._values, self._seed = _filled(total, device, dtype, seed), seed
        assert self._values is not None
        return self._values[:total].view(count, *shape).unbind(0)

    def _holds(self, total: int, device: torch.device, dtype: torch.dtype, seed: int) -> bool:
        values = self._values
        if values is None or values.numel() < total:
            return False
        return (values.device, values.dtype, self._seed) == (device, dtype, seed)


def random_inputs(
    count: int, shape: Sequence[int], device: torch.device, dtype: torch.dtype, seed: int
) -> Sequence[torch.Tensor]:
    """``count`` tensors of ``shape`` that lie one behind the other in memory; the same values for the same
    seed."""
    return RandomPool().inputs(count, shape, device, dtype, seed)


def _filled(total: int, device: torch.device, dtype: torch.dtype, seed: int) -> torch.Tensor:
    """At least ``total`` random values."""
    generator = torch.Generator(device).manual_seed(seed)
    drawn = torch.randn(min(total, DRAWN), generator=generator, device=device, dtype=dtype)
    if drawn.numel() == total:
        return drawn
    total = ROUNDED_TO * ceil(total / ROUNDED_TO)
    whole = torch.empty(total, device=device, dtype=dtype)
    times = total // DRAWN
    whole[: times * DRAWN].view(times, DRAWN).copy_(drawn)
    whole[times * DRAWN :] = drawn[: total - times * DRAWN]
    return whole
