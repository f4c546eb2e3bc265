"""Counting by several workers at once: every case once, in order, whatever becomes of the workers."""

from threading import Lock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.errors import EnvironmentProblem
from attnprof.records.case import Case
from attnprof.running import counting as counts
from attnprof.running.client import WorkerGone
from attnprof.running.counting import CELLS_EACH, MOST_WORKERS, Desk, count, workers_for

law = settings(derandomize=True, deadline=None, max_examples=60)


def cases(number):
    return [Case("se", 16 + n, 8, 8) for n in range(number)]


class Worker:
    """Answers each order with its case's key, or dies of those whose channel counts are ``deadly``, so many times each."""

    def __init__(self, deadly, lock, all_):
        self.deadly, self.lock, self.dead, self.environment = deadly, lock, False, {}
        all_.append(self)

    def order(self, order):
        self.asked = order

    def answer(self, seconds):
        case = Case.from_json(self.asked["case"])
        with self.lock:
            left = self.deadly.get(case.channels, 0)
            self.deadly[case.channels] = left - 1
        if left > 0:
            self.dead = True
            raise WorkerGone("crashed", "gone")
        return {"event": "account", "key": case.key, "counters": self.asked.get("counters", True)}

    def kill(self):
        self.dead = True


def desks_of(number, deadly=()):
    workers, lock, deadly = [], Lock(), dict(deadly)
    return [Desk(lambda: Worker(deadly, lock, workers), ["macs"], 1.0) for _ in range(number)], workers


@law
@given(
    st.integers(1, 4), st.integers(1, 30), st.dictionaries(st.integers(16, 45), st.integers(1, 3), max_size=5)
)
def test_every_case_is_answered_once_and_in_order(number, size, deadly):
    desks, workers = desks_of(number, deadly)
    asked = cases(size)
    events = list(count(asked, desks, lambda: False))
    assert (
        [event["key"] for event in events[::2]]
        == [case.key for case in asked]
        == [e["key"] for e in events[1::2]]
    )
    assert {event["event"] for event in events[::2]} == {"begin"}
    for case, event in zip(asked, events[1::2], strict=True):
        times = deadly.get(case.channels, 0)
        assert event["event"] == ("account" if times < 2 else "failed")
        if times == 1:
            assert not event["counters"]
    assert all(worker.dead for worker in workers)


@pytest.mark.parametrize("number", [1, 3])
def test_counting_that_is_left_early_leaves_no_worker(number):
    desks, workers = desks_of(number)
    events = count(cases(20), desks, lambda: False)
    for _ in range(4):
        next(events)
    events.close()
    assert all(desk.closed for desk in desks)
    assert all(worker.dead for worker in workers)


@pytest.mark.parametrize("number", [1, 3])
def test_counting_ends_when_it_is_told_to(number):
    desks, workers = desks_of(number)
    seen = []
    for event in count(cases(20), desks, lambda: len(seen) >= 5):
        seen.append(event)
    assert len(seen) == 6  # the case at hand is finished
    assert all(worker.dead for worker in workers)


def test_a_worker_that_cannot_start_is_said_and_the_others_end():
    def refuse():
        raise EnvironmentProblem("no torch")

    desks = [Desk(refuse, [], None) for _ in range(2)]
    with pytest.raises(EnvironmentProblem, match="no torch"):
        list(count(cases(20), desks, lambda: False))
    assert all(desk.closed for desk in desks)


@pytest.mark.parametrize(
    ("cells", "counters", "there", "wanted"),
    [
        (1000, False, 64, 1),
        (CELLS_EACH, True, 64, 1),
        (2 * CELLS_EACH, True, 64, 2),
        (1000, True, 2, 2),
        (1000, True, 64, MOST_WORKERS),
    ],
)
def test_as_many_workers_count_as_pay_for_their_start(monkeypatch, cells, counters, there, wanted):
    monkeypatch.setattr(counts, "cores", lambda: there)
    assert workers_for(cells, counters) == wanted
