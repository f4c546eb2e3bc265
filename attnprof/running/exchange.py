"""Requests to measure, and what a worker responds: a block of cases, with retries, and the peaks of the
device."""

from collections.abc import Callable, Iterator
from typing import assert_never

from attnprof.records.case import Case
from attnprof.records.record import SPOILING, VisitEvent
from attnprof.running.client import Worker, WorkerGone
from attnprof.running.protocol import (
    BlockResponse,
    EndResponse,
    Failure,
    FinishRequest,
    MeasureRequest,
    PeaksEvent,
    PeaksRequest,
    StepEvent,
)

PEAKS_SECONDS = 120.0


class Exchange:
    """Iterate for the events of the cases, as they come; afterwards the attributes say how the cases
    ended."""

    def __init__(
        self,
        worker: Worker,
        request: MeasureRequest,
        timeout: float | None,
        stopped: Callable[[], bool],
        leave_out: Callable[[float], None] = lambda seconds: None,  # of the time budget
    ) -> None:
        self.measured: set[str] = set()  # keys of cases
        self.failures: dict[str, Failure] = {}  # by key
        self.gone: WorkerGone | None = None  # why the worker exited, where it did
        self._worker, self._request = worker, request
        self._timeout, self._stopped, self._leave_out = timeout, stopped, leave_out
        self._flags: set[str] = set()  # of all cases
        self._current = ""  # key of the case that the worker was last known to measure
        self._preparation = 0.0  # seconds outside the budget, as far as the worker has said so

    def __iter__(self) -> Iterator[StepEvent | VisitEvent]:
        """Send the request and yield the events. Once ``stopped``, the worker is asked to finish."""
        finishing = False
        self._worker.send(self._request)
        while True:
            if self._stopped() and not finishing:
                self._worker.send(FinishRequest())
                finishing = True
            response = self._receive()
            match response:
                case None:
                    self._leave_out(self._preparation)
                    return
                case EndResponse():
                    self._leave_out(response.preparation)
                    return
                case Failure():
                    self.failures[response.key] = response
                    self._flags.update(response.flags)
                case VisitEvent():
                    self.measured.add(response.key)
                    self._flags.update(response.flags)
                    yield response
                case StepEvent():
                    self._current = response.key or self._current
                    self._preparation = response.preparation
                    yield response
                case _:
                    assert_never(response)

    @property
    def is_spoilt(self) -> bool:
        """Whether a case left the process other than it was."""
        return not SPOILING.isdisjoint(self._flags)

    @property
    def suspects(self) -> set[str]:
        """Keys of the cases of which one made the worker exit."""
        if self.gone is None:
            return set()
        # Before the first step there is no telling which of them it was.
        suspects = {self._current or case.key for case in self._request.cases}
        return suspects - self.measured - self.failures.keys()

    @property
    def crashes(self) -> list[Failure]:
        """The failures of the suspects, where there is no other of them to blame."""
        if self.gone is None:
            return []
        return [Failure(key, self.gone.status, str(self.gone)) for key in self.suspects]

    @property
    def out_of_memory(self) -> set[str]:
        """Keys of the cases that ran out of memory."""
        return {key for key, failure in self.failures.items() if failure.status == "oom"}

    @property
    def unsettled(self) -> tuple[Case, ...]:
        """The cases that the worker did not come to before it exited."""
        if self.gone is None:
            return ()
        settled = self.measured | self.failures.keys() | self.suspects
        return tuple(case for case in self._request.cases if case.key not in settled)

    def _receive(self) -> BlockResponse | None:
        try:
            response = self._worker.receive(self._timeout)
        except WorkerGone as gone:
            self.gone = gone
            return None
        assert isinstance(response, BlockResponse)
        return response


def measure_block(
    block: tuple[Case, ...],
    exchange_for: Callable[[tuple[Case, ...]], Exchange],
    stop_worker: Callable[[], None],
    ended: Callable[[], bool],
) -> Iterator[StepEvent | VisitEvent | Failure]:
    """Measure the cases of a block together.

    Those that ran out of memory beside others, or may have made the worker exit, are measured again: each
    alone, in a fresh worker.
    """
    again: list[Case] = []
    cases = block
    while cases and not ended():
        exchange = exchange_for(cases)
        yield from _events(exchange, stop_worker)
        retried = exchange.suspects | (exchange.out_of_memory if len(block) > 1 else set())
        again += [case for case in cases if case.key in retried]
        yield from [failure for key, failure in exchange.failures.items() if key not in retried]
        cases = exchange.unsettled
    for case in again:
        if ended():
            return
        stop_worker()
        exchange = exchange_for((case,))
        yield from _events(exchange, stop_worker)
        yield from [*exchange.failures.values(), *exchange.crashes]


def _events(exchange: Exchange, stop_worker: Callable[[], None]) -> Iterator[StepEvent | VisitEvent]:
    yield from exchange
    if exchange.gone or exchange.is_spoilt:  # what a case keeps would be missing to the others
        stop_worker()


def measure_peaks(worker: Worker, dtypes: tuple[str, ...]) -> PeaksEvent | None:
    """What the device of ``worker`` can do at best; None where the worker exits over it."""
    worker.send(PeaksRequest(dtypes))
    try:
        event = worker.receive(PEAKS_SECONDS)
    except WorkerGone:
        return None
    assert isinstance(event, PeaksEvent)
    return event
