"""The inputs of a block of cases, which are no part of what a case may allocate."""

from collections.abc import Iterator
from typing import Any

import torch

from attnprof.backends import Backend, is_out_of_memory
from attnprof.measuring.inputs import RandomPool
from attnprof.records.case import Case
from attnprof.subject.inputs import ring
from attnprof.units import show_bytes


def block_inputs(
    case: Case, backend: Backend, device: torch.device, pool: RandomPool, memory_limit: int | None
) -> Iterator[Any]:
    """Inputs (N, C, H, W) without end for all cases of the size and conditions of ``case``, as their
    runtime is called with them.

    memory_limit: bytes that a case may allocate, in force again afterwards. Raises MemoryError.
    """
    cache = backend.cache_bytes()
    backend.limit_memory(None)
    try:
        return ring(case, device, cache, pool)
    except RuntimeError as problem:
        if case.inputs == "hot" or not is_out_of_memory(problem):
            raise
        raise MemoryError(
            f"inputs that are cold in a cache of {show_bytes(cache)} take twice that,"
            " and there is no memory for them; --hot needs one alone"
        ) from problem
    finally:
        backend.limit_memory(memory_limit)
