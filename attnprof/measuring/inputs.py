"""Random tensors: so many that none is still in the cache when its turn comes again."""

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil, prod

import torch

# Drawn at random; what is beyond is these once more. Drawing a gigabyte would take longer than many a cell is
# measured. An odd number, so that no two inputs begin alike.
DRAWN = 2**20 + 7
ROUNDED_TO = 2**24  # values: inputs of another shape that pass the same cache are hardly more or fewer
# Bytes between the beginnings of two inputs are a multiple of this. A GPU's allocator gives every tensor such
# an address, and kernels that read 16 bytes at once need one; a compiler copies an input without.
ALIGNED_TO = {"cpu": 1}
ALIGNED = 512


class RandomPool:
    """The memory that a process's blocks take their inputs from: to fill a gigabyte takes a second, and the
    inputs of the next size are the same values in another shape."""

    def __init__(self) -> None:
        self._values: torch.Tensor | None = None
        self._seed = 0
        self._lent = torch.empty(0)
        self._draw: Callable[[], torch.Tensor] = partial(torch.empty, 0)

    def inputs(
        self, count: int, shape: Sequence[int], device: torch.device, dtype: torch.dtype, seed: int
    ) -> Sequence[torch.Tensor]:
        """``count`` tensors of ``shape`` that lie one behind the other in memory; the same values for the
        same seed."""
        size, step = prod(shape), _step(prod(shape), device, dtype)
        total = count * step
        draw = partial(_drawn, min(total, DRAWN), device, dtype, seed)
        if total <= DRAWN:  # a part of more would be other values than so few drawn by themselves
            return _cut(self.lend(draw(), draw), step, size, shape)
        if not self._holds(total, device, dtype, seed):
            self._values = None  # there may not be room for both
            self._values, self._seed = _repeated(draw(), total), seed
        assert self._values is not None
        return _cut(self.lend(self._values[:total], draw), step, size, shape)

    def lend(self, values: torch.Tensor, draw: Callable[[], torch.Tensor]) -> torch.Tensor:
        """``values``, which are used as inputs from now on: what ``draw`` returns, once or repeated."""
        self._lent, self._draw = values, draw
        return values

    @property
    def version(self) -> int:
        """Another number whenever torch has written to what was lent last, or to a view of it."""
        return self._lent._version

    def is_clean(self) -> bool:
        """Whether what was lent last has its values still."""
        drawn = self._draw()
        return all(torch.equal(piece, drawn[: len(piece)]) for piece in _pieces(self._lent, len(drawn)))

    def clean(self) -> None:
        """Give what was lent last its values again."""
        drawn = self._draw()
        for piece in _pieces(self._lent, len(drawn)):
            piece.copy_(drawn[: len(piece)])

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


def _step(size: int, device: torch.device, dtype: torch.dtype) -> int:
    """Values from the beginning of one input of ``size`` values to that of the next."""
    multiple = max(1, ALIGNED_TO.get(device.type, ALIGNED) // dtype.itemsize)
    return ceil(size / multiple) * multiple


def _cut(values: torch.Tensor, step: int, size: int, shape: Sequence[int]) -> Sequence[torch.Tensor]:
    """Tensors of ``shape`` that begin every ``step`` values."""
    rows = values.view(-1, step)[:, :size]
    return rows.view(len(rows), *shape).unbind(0)


def _pieces(values: torch.Tensor, size: int) -> Sequence[torch.Tensor]:
    """``values`` in pieces of ``size``, the last of which may be shorter."""
    return [values[start : start + size] for start in range(0, len(values), size)]


def _drawn(count: int, device: torch.device, dtype: torch.dtype, seed: int) -> torch.Tensor:
    """``count`` random values."""
    generator = torch.Generator(device).manual_seed(seed)
    return torch.randn(count, generator=generator, device=device, dtype=dtype)


def _repeated(drawn: torch.Tensor, total: int) -> torch.Tensor:
    """At least ``total`` values: those ``drawn``, again and again."""
    total = ROUNDED_TO * ceil(total / ROUNDED_TO)
    whole = torch.empty(total, device=drawn.device, dtype=drawn.dtype)
    times = total // DRAWN
    whole[: times * DRAWN].view(times, DRAWN).copy_(drawn)
    whole[times * DRAWN :] = drawn[: total - times * DRAWN]
    return whole
