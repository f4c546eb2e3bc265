"""Requests about cases that several workers share out, while nothing is timed: answered in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from typing import Generic, TypeVar

from attnprof.records.environment import cores
from attnprof.records.record import SPOILING
from attnprof.running.client import Worker, WorkerGone, WorkerSlot
from attnprof.running.protocol import AccountRequest, BeginEvent, Failure, ModelRequest, Response

MOST_WORKERS = 4  # each holds a torch of its own in memory
AHEAD = 16  # parcels per worker, of several: one that takes long holds up the order, and not the others

Asked = TypeVar("Asked", AccountRequest, ModelRequest)
Answer = TypeVar("Answer")
Respond = Callable[[WorkerSlot, Iterable[Asked]], Generator[Answer]]  # an answer to each request, in order


class Pipeline(Generic[Asked]):
    """Requests to the worker of a slot, further ones sent before the first is answered: it waits for none.

    A worker that exits does so over the oldest of them; those behind it are sent to the next worker.
    """

    def __init__(self, slot: WorkerSlot) -> None:
        self._slot = slot
        self._open: deque[Asked] = deque()  # without a response
        self._worker: Worker | None = None  # that has all of them

    def __len__(self) -> int:
        return len(self._open)

    @property
    def first(self) -> Asked:
        """The oldest request."""
        return self._open[0]

    def put(self, request: Asked) -> None:
        """Send ``request`` behind the others."""
        self._open.append(request)
        if self._worker is not None:
            self._worker.send(request)

    def put_first(self, request: Asked) -> None:
        """Have ``request`` answered before the others, by a fresh worker."""
        self._stop()
        self._open.appendleft(request)

    def response(self, timeout: float | None) -> Response:
        """The response to the oldest request; a Failure where the worker exits, or takes longer than
        ``timeout`` seconds. A worker that is gone, or spoilt, is stopped."""
        try:
            response = self._ready().receive(timeout)
        except WorkerGone as gone:
            self._stop()
            response = Failure(self.first.case.key, gone.status, str(gone))
        self._open.popleft()
        if not SPOILING.isdisjoint(getattr(response, "flags", ())):
            self._stop()
        return response

    def close(self) -> None:
        """Leave no worker at requests whose responses nobody waits for."""
        if self._open:
            self._stop()

    def _ready(self) -> Worker:
        worker = self._slot.ready()
        if worker is not self._worker:
            for request in self._open:
                worker.send(request)
            self._worker = worker
        return worker

    def _stop(self) -> None:
        self._slot.stop()
        self._worker = None


def workers_for(cells: int, cells_per_worker: int) -> int:
    """How many workers are soonest finished with so many cells."""
    return max(1, min(cores(), MOST_WORKERS, cells // cells_per_worker))


def shared_out(
    requests: Sequence[Asked],
    slots: Sequence[WorkerSlot],
    respond: Respond[Asked, Answer],
    ended: Callable[[], bool],
    parcel: int = 1,
) -> Generator[BeginEvent | Answer]:
    """A BeginEvent and the answer that ``respond`` gives to each request, in order, until ``ended``. Several
    slots are closed in the end; a single one stays as it is.

    parcel: how many requests one of several workers gets at once.
    """
    several = len(slots) > 1
    answers = _at_once(requests, slots, respond, parcel) if several else respond(slots[0], requests)
    try:
        for request in requests:
            if ended():
                return
            yield BeginEvent(request.case)
            yield next(answers)
    finally:
        if several:  # ends the waiting of their threads
            for slot in slots:
                slot.close()
        answers.close()


def one_by_one(respond: Callable[[WorkerSlot, Asked], Answer]) -> Respond[Asked, Answer]:
    """The answer of ``respond`` to each request, none sent before the one in front is answered."""

    def respond_to_all(slot: WorkerSlot, requests: Iterable[Asked]) -> Generator[Answer]:
        for request in requests:
            yield respond(slot, request)

    return respond_to_all


def answer(slot: WorkerSlot, request: Asked, timeout: float | None) -> Response:
    """The response to ``request``, as a Pipeline gives it."""
    pipeline = Pipeline[Asked](slot)
    pipeline.put(request)
    return pipeline.response(timeout)


def _at_once(
    requests: Iterable[Asked],
    slots: Sequence[WorkerSlot],
    respond: Respond[Asked, Answer],
    parcel: int,
) -> Generator[Answer]:
    """Each worker takes the next parcel as soon as it is free; answers wait until their turn."""
    free: SimpleQueue[WorkerSlot] = SimpleQueue()
    for slot in slots:
        free.put(slot)

    def take(part: Sequence[Asked]) -> list[Answer]:
        slot = free.get()
        try:
            return list(respond(slot, part))
        finally:
            free.put(slot)

    executor = ThreadPoolExecutor(len(slots))
    upcoming = iter(requests)
    pending: deque[Future[list[Answer]]] = deque()
    try:
        while True:
            while len(pending) < AHEAD * len(slots) and (part := list(islice(upcoming, parcel))):
                pending.append(executor.submit(take, part))
            if not pending:
                return
            yield from pending.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)
