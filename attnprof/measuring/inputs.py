"""Random tensors: so many that none is still in the cache when its turn comes again."""

from collections.abc import Sequence
from math import prod

import torch

# Drawn at random; what is beyond is these once more. Drawing a gigabyte would take longer than many a cell is
# measured. An odd number, so that no two inputs begin alike.
DRAWN = 2**20 + 7


def random_inputs(
    count: int, shape: Sequence[int], device: torch.device, dtype: torch.dtype, seed: int
) -> Sequence[torch.Tensor]:
    """``count`` tensors of ``shape`` that lie one behind the other in memory; the same values for the same
    seed."""
    total = count * prod(shape)
    generator = torch.Generator(device).manual_seed(seed)
    drawn = torch.randn(min(total, DRAWN), generator=generator, device=device, dtype=dtype)
    if drawn.numel() == total:
        return drawn.view(count, *shape).unbind(0)
    whole = torch.empty(total, device=device, dtype=dtype)
    times = total // DRAWN
    whole[: times * DRAWN].view(times, DRAWN).copy_(drawn)
    whole[times * DRAWN :] = drawn[: total - times * DRAWN]
    return whole.view(count, *shape).unbind(0)
