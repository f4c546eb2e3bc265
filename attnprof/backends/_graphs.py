"""Calls as a CUDA graph. All graphs are captured on one stream, and each has a pool of memory of its own,
which goes back to the allocator when the graph is dropped."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from attnprof.backends import Call, CaptureFailed, is_out_of_memory
from attnprof.errors import one_line

WARM_CALLS = 3  # as torch.cuda.graphs asks for
EMPTY = "The CUDA Graph is empty"  # how torch's warning of it begins
NO_KERNEL = "a call launches no kernel"
NOT_CAPTURED = "it cannot be captured as a graph"


class Graphs:
    """Captures on ``stream``, which is the current one whenever something is computed.

    A leaf's gradient is added to on the stream on which its graph was first met. A module that keeps an
    activation keeps that graph, and could not be captured on another stream.
    """

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self._stream = stream

    def obstacle(self, call: Call) -> str:
        """What keeps ``call`` from being captured, as far as that shows without a capture, which would leave
        its traces: an operator that waits for the device."""
        for _ in range(WARM_CALLS):
            call()
        torch.cuda.synchronize()
        try:
            with _no_synchronisation():
                call()
        except RuntimeError as problem:
            if is_out_of_memory(problem):
                raise
            return f"{NOT_CAPTURED}: {one_line(problem)}"
        return ""

    def capture(self, call: Call, calls: int) -> torch.cuda.CUDAGraph | None:
        """The calls as a graph, each with the input that is its turn; None where they launch nothing.

        Raises CaptureFailed; out of memory passes through, where it left no traces.
        """
        graph = torch.cuda.CUDAGraph()
        with warnings.catch_warnings(record=True) as messages:
            warnings.simplefilter("always")
            self._fill(graph, call, calls)
        return None if any(str(each.message).startswith(EMPTY) for each in messages) else graph

    def _fill(self, graph: torch.cuda.CUDAGraph, call: Call, calls: int) -> None:
        capture = torch.cuda.graph(graph, stream=self._stream)
        capture.__enter__()
        problem = _problem_of(call, calls)
        try:
            capture.__exit__(None, None, None)
        except RuntimeError as ending:  # then torch leaves its traces
            raise _failure(problem or ending) from None
        if problem and not is_out_of_memory(problem):
            raise _failure(problem) from None
        if problem:
            raise problem


def _problem_of(call: Call, calls: int) -> Exception | None:
    """What the calls raise: whatever it is, a capture of them has to be ended."""
    try:
        for _ in range(calls):
            call()
    except Exception as problem:  # noqa: BLE001 # handed on
        return problem
    return None


def _failure(problem: Exception) -> CaptureFailed:
    return CaptureFailed(f"{NOT_CAPTURED}: {one_line(problem)}", is_out_of_memory(problem))


@contextmanager
def _no_synchronisation() -> Iterator[None]:
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this check is a prototype
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)
