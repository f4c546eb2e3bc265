"""Counting by several workers at once: every case once, in order, whatever becomes of the workers."""

from collections import deque
from threading import Lock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.errors import EnvironmentProblem
from attnprof.records.case import Case
from attnprof.records.record import AccountEvent, account_event
from attnprof.running import sharing
from attnprof.running.client import WorkerGone, WorkerSlot
from attnprof.running.counting import (
    CELLS_PER_WORKER,
    LOST,
    PLAIN_CELLS_PER_WORKER,
    UNDER_WAY,
    count,
    counting_workers,
)
from attnprof.running.protocol import BeginEvent, Failure

law = settings(derandomize=True, deadline=None, max_examples=60)


def cases(number):
    return [Case("se", 16 + n, 8, 8) for n in range(number)]


class Worker:
    """Counts each case, or dies of those whose channel counts are ``deadly``, so many times each."""

    def __init__(self, deadly, lock, all_):
        self.deadly, self.lock, self.dead, self.environment = deadly, lock, False, {}
        self.requests, self.open = [], deque()
        all_.append(self)

    def send(self, request):
        self.requests.append(request)
        self.open.append(request)

    def receive(self, timeout):
        case = self.open.popleft().case
        with self.lock:
            left = self.deadly.get(case.channels, 0)
            self.deadly[case.channels] = left - 1
        if left > 0:
            self.dead = True
            raise WorkerGone("crashed", "gone")
        return account_event(case, [])

    def kill(self):
        self.dead = True


def slots_of(number, deadly=()):
    workers, lock, deadly = [], Lock(), dict(deadly)
    return [WorkerSlot(lambda: Worker(deadly, lock, workers)) for _ in range(number)], workers


def counted(cases, slots, ended=lambda: False, is_plain=False):
    return count(cases, slots, ["macs"], 1.0, ended, is_plain=is_plain)


@law
@given(
    st.integers(1, 4),
    st.integers(1, 80),
    st.dictionaries(st.integers(16, 95), st.integers(1, 3), max_size=5),
    st.booleans(),
)
def test_every_case_is_answered_once_and_in_order(number, size, deadly, is_plain):
    slots, workers = slots_of(number, deadly)
    asked = cases(size)
    events = list(counted(asked, slots, is_plain=is_plain))
    assert [event.case for event in events[::2]] == asked
    assert [event.key for event in events[1::2]] == [case.key for case in asked]
    assert {type(event) for event in events[::2]} == {BeginEvent}
    for case, event in zip(asked, events[1::2], strict=True):
        times = deadly.get(case.channels, 0)
        assert isinstance(event, AccountEvent if times < 2 else Failure)
        requests = [r for worker in workers for r in worker.requests if r.case == case]
        if not is_plain:
            assert [request.no_counters for request in requests] == ["", LOST][: min(times, 1) + 1]
    assert all(worker.dead for worker in workers[:-1])
    assert all(worker.dead or not worker.open for worker in workers)


def test_plain_requests_are_sent_ahead_and_no_more_than_so_many():
    slots, workers = slots_of(1)
    most = [len(workers[0].open) for event in counted(cases(30), slots, is_plain=True) if workers]
    assert max(most) == UNDER_WAY - 1  # one of them is answered
    assert len(workers) == 1


def test_a_worker_with_requests_that_nobody_waits_for_is_ended():
    slots, workers = slots_of(1)
    events = counted(cases(30), slots, is_plain=True)
    for _ in range(4):
        next(events)
    events.close()
    assert [worker.dead for worker in workers] == [True]
    assert not slots[0].closed  # it is still good for what comes next


@pytest.mark.parametrize("number", [2, 3])
def test_counting_that_is_left_early_leaves_no_worker(number):
    slots, workers = slots_of(number)
    events = counted(cases(20), slots)
    for _ in range(4):
        next(events)
    events.close()
    assert all(slot.closed for slot in slots)
    assert all(worker.dead for worker in workers)


@pytest.mark.parametrize("number", [2, 3])
def test_counting_ends_when_it_is_told_to(number):
    slots, workers = slots_of(number)
    seen = []
    for event in counted(cases(20), slots, lambda: len(seen) >= 5):
        seen.append(event)
    assert len(seen) == 6  # the case at hand is finished
    assert all(worker.dead for worker in workers)


def test_a_single_worker_counts_no_case_in_vain():
    slots, workers = slots_of(1)
    seen = []
    for event in counted(cases(20), slots, lambda: len(seen) >= 5):
        seen.append(event)
    assert [len(worker.requests) for worker in workers] == [3]


def test_a_worker_that_cannot_start_is_said_and_the_others_end():
    def refuse():
        raise EnvironmentProblem("no torch")

    slots = [WorkerSlot(refuse) for _ in range(2)]
    with pytest.raises(EnvironmentProblem, match="no torch"):
        list(counted(cases(20), slots))
    assert all(slot.closed for slot in slots)


@pytest.mark.parametrize(
    ("cells", "counters", "available", "workers"),
    [
        (2 * PLAIN_CELLS_PER_WORKER - 1, False, 64, 1),
        (2 * PLAIN_CELLS_PER_WORKER, False, 64, 2),
        (10**5, False, 1, 1),
        (CELLS_PER_WORKER, True, 64, 1),
        (2 * CELLS_PER_WORKER, True, 64, 2),
        (1000, True, 2, 2),
        (1000, True, 64, sharing.MOST_WORKERS),
    ],
)
def test_as_many_workers_count_as_pay_for_their_start(monkeypatch, cells, counters, available, workers):
    monkeypatch.setattr(sharing, "cores", lambda: available)
    assert counting_workers(cells, counters) == workers
