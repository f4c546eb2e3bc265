"""A case's inputs: those of one call to count with, a ring of them to measure with."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle, repeat
from math import ceil, prod
from typing import Any

import torch

from attnprof.measuring.inputs import RandomPool
from attnprof.records.case import Case
from attnprof.runtimes import ONE_MAP, RUNTIMES, NotTaken
from attnprof.subject.build import DTYPES

MOST_INPUTS = 2**15  # of a ring: tiny inputs would be without number


def example(case: Case, device: torch.device, number: int = 0) -> torch.Tensor:
    """A random input (N, C, H, W): never zeros or ones, on which some kernels are faster. number: of several,
    which differ."""
    generator = torch.Generator().manual_seed(case.seed + 1 + number)
    x = torch.randn(case.shape, generator=generator).to(device, DTYPES[case.dtype])
    return x.contiguous(memory_format=torch.channels_last) if case.layout == "channels_last" else x


def only_example(case: Case, device: torch.device, title: str) -> torch.Tensor:
    """The random input of a call. Raises NotTaken for two: ``title`` takes modules of one map."""
    if case.maps > 1:
        raise NotTaken(ONE_MAP.format(title, case.module))
    return example(case, device)


def examples(case: Case, device: torch.device) -> tuple[torch.Tensor, ...]:
    """The random inputs of one call."""
    return tuple(example(case, device, number) for number in range(case.maps))


def by_call(case: Case, device: torch.device, inputs: Iterator[Any]) -> Iterator[tuple[Any, ...]]:
    """What each call of ``case`` takes of ``inputs``, which the other cases of its block take from, too.

    Of cold inputs as many as it has maps, in turn; of the one hot input that, with further ones of its own.
    """
    if case.maps > 1 and case.inputs == "hot":
        return repeat((next(inputs), *examples(case, device)[1:]))
    return zip(*[inputs] * case.maps, strict=False)


def ring(case: Case, device: torch.device, cache: int, pool: RandomPool | None = None) -> Iterator[Any]:
    """Random inputs (N, C, H, W) without end, for all cells of a block, as their runtime is called with them:
    one for 'hot' inputs, else so many in turn that more than twice ``cache`` bytes pass before one comes
    again. pool: where the blocks before it took theirs from."""
    as_input = RUNTIMES.get(case.runtime).as_input
    return cycle([as_input(x) for x in _different(case, device, cache, pool or RandomPool())])


def _different(case: Case, device: torch.device, cache: int, pool: RandomPool) -> Sequence[torch.Tensor]:
    """The inputs of a ring."""
    if case.inputs == "hot":
        draw = partial(example, case, device)
        return [pool.lend(draw(), draw)]
    dtype = DTYPES[case.dtype]
    if case.layout != "channels_last":
        return inputs_beyond(cache, case.shape, device, dtype, case.seed + 1, pool)
    batch, channels, height, width = case.shape
    shape = batch, height, width, channels
    turned = inputs_beyond(cache, shape, device, dtype, case.seed + 1, pool)
    return [x.movedim(-1, 1) for x in turned]


def inputs_beyond(
    cache: int,
    shape: Sequence[int],
    device: torch.device,
    dtype: torch.dtype,
    seed: int,
    pool: RandomPool | None = None,
) -> Sequence[torch.Tensor]:
    """So many random inputs of ``shape`` that, one after the other, more than twice ``cache`` bytes pass
    before the first."""
    count = min(MOST_INPUTS, ceil(2 * cache / (prod(shape) * dtype.itemsize)) + 1)
    return (pool or RandomPool()).inputs(count, shape, device, dtype, seed)
