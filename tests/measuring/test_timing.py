"""Timing, driven by a scripted backend: no clock is read and no call is made."""

import time
from collections.abc import Callable
from itertools import count, cycle
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.backends import Sample
from attnprof.measuring.interval import FEWEST, half_width
from attnprof.measuring.timing import FEWEST_VISITS, MOST_SAMPLES, WARM_SHARE, Timing, time_call
from attnprof.record import FLAGS

law = settings(derandomize=True, deadline=None, max_examples=40)


class Scripted:
    """A backend whose n-th sample takes what a script says. The first sample has number 0.

    seconds: n -> seconds per call. others: n -> what others take, as a multiple of that; None: the backend cannot tell.
    """

    def __init__(
        self,
        seconds: Callable[[int], float],
        others: Callable[[int], float] | None = lambda n: 0.0,
        sample_seconds: float = 1e-3,
    ) -> None:
        self.seconds, self.others, self.sample_seconds = seconds, others, sample_seconds
        self.asked: list[int] = []
        self.told: list[Sample] = []

    def sample(self, call, calls):
        number = len(self.asked)
        self.asked.append(calls)
        busy = self.seconds(number) * calls
        taken = 0.0 if self.others is None else self.others(number)
        self.told.append(Sample(busy * (1 + taken), None if self.others is None else busy))
        return self.told[-1]

    @property
    def spent(self):
        return sum(sample.wall for sample in self.told[1:])


def never():
    raise AssertionError("the call is the backend's to make")


def timed(backend, precision=0.01, budget=10.0, **more):
    return time_call(backend, never, precision, budget, **more)


def steady(n):
    return 1e-3


def noisy(share=0.2, warm=4):
    """Steady while warm-up lasts, then up and down by ``share`` for ever."""
    return lambda n: 1e-3 if n < warm else 1e-3 * (1 + share * (-1) ** n)


def test_no_clock_is_read_and_no_real_time_passes(monkeypatch):
    def read(*_):
        raise AssertionError("a clock was read")

    with monkeypatch.context() as patch:
        for name in ("perf_counter", "monotonic", "thread_time", "process_time", "sleep"):
            patch.setattr(time, name, read)
        found = timed(Scripted(noisy()), budget=3600.0)
    assert found.taken == MOST_SAMPLES


def test_a_steady_call_is_timed_until_the_precision_and_no_longer():
    backend = Scripted(steady)
    found = timed(backend)
    assert found == Timing((1e-3,) * FEWEST_VISITS, 1, FEWEST_VISITS, 1e-3)
    assert backend.spent < 0.1


def test_a_noisy_call_is_timed_until_the_budget_is_spent():
    backend = Scripted(noisy())
    found = timed(backend, budget=1.0)
    assert 1.0 <= backend.spent <= 1.0 + backend.told[-1].wall + 1e-9
    assert half_width(found.samples) > 0.01
    assert found.flags == ()


def test_a_looser_precision_stops_earlier():
    wobble = [0.0, 0.03, -0.03, 0.01, -0.01, 0.05, -0.05, 0.02, -0.02]
    taken = [
        timed(Scripted(lambda n: 1e-3 if n < 4 else 1e-3 * (1 + wobble[n % len(wobble)])), precision, 10.0).taken
        for precision in (0.05, 0.02, 0.015)
    ]
    assert taken == sorted(taken)
    assert taken[0] == FEWEST_VISITS < taken[-1]


def test_where_it_stops_the_precision_holds():
    wobble = [0.0, 0.03, -0.03, 0.01, -0.01, 0.05, -0.05, 0.02, -0.02]
    found = timed(Scripted(lambda n: 1e-3 if n < 4 else 1e-3 * (1 + wobble[n % len(wobble)])), 0.015, 10.0)
    assert found.taken < MOST_SAMPLES
    assert half_width(found.samples) <= 0.015


@pytest.mark.parametrize("budget", [0.0, 1e-6, 0.01])
def test_there_are_enough_samples_for_an_interval_whatever_the_budget(budget):
    found = timed(Scripted(noisy(warm=0)), budget=budget)
    assert len(found.samples) >= FEWEST
    assert found.interval is not None


def test_a_slow_call_is_sampled_no_more_than_it_must_be():
    found = timed(Scripted(lambda n: 5.0), budget=1.0)
    assert (found.taken, found.calls) == (FEWEST, 1)


def test_there_are_never_more_than_the_most_samples():
    found = timed(Scripted(noisy()), budget=1e9)
    assert found.taken == MOST_SAMPLES


@pytest.mark.parametrize(("seconds", "calls"), [(1e-5, 100), (3e-4, 4), (1e-3, 1), (0.5, 1)])
def test_a_sample_has_as_many_calls_as_the_timer_needs(seconds, calls):
    backend = Scripted(lambda n: seconds)
    found = timed(backend)
    assert found.calls == calls
    assert set(backend.asked[-found.taken :]) == {calls}
    assert found.samples == pytest.approx([seconds] * found.taken)


def test_a_backend_with_a_finer_timer_needs_fewer_calls():
    assert timed(Scripted(lambda n: 1e-5, sample_seconds=2e-4)).calls == 20


def test_the_first_call_is_told_apart_and_not_a_sample():
    found = timed(Scripted(lambda n: 0.25 if n == 0 else 1e-3))
    assert found.first == 0.25
    assert max(found.samples) == 1e-3


def test_warming_up_is_not_a_sample():
    found = timed(Scripted(lambda n: 1e-3 if n >= 9 else 1e-3 * (10 - n)))
    assert set(found.samples) == {1e-3}
    assert found.flags == ()


def test_samples_that_others_took_part_of_are_left_out():
    found = timed(Scripted(steady, others=lambda n: 2.0 if n > 4 and n % 3 == 0 else 0.0))
    assert set(found.samples) == {1e-3}
    assert len(found.samples) < found.taken
    assert found.flags == ()


def test_a_sample_that_others_took_next_to_nothing_of_is_kept():
    found = timed(Scripted(steady, others=lambda n: 0.009))
    assert len(found.samples) == found.taken
    assert found.median == pytest.approx(1.009e-3)


def test_where_hardly_a_sample_is_clean_cpu_time_is_taken_and_said_so():
    found = timed(Scripted(steady, others=lambda n: 1.0))
    assert found.samples == pytest.approx([1e-3] * found.taken)
    assert found.flags == ("contended",)


def test_contention_does_not_keep_warm_up_from_ending():
    noise = cycle([0.5, 3.0, 1.0, 7.0])
    found = timed(Scripted(steady, others=lambda n: next(noise)))
    assert found.flags == ("contended",)


def test_a_backend_that_cannot_tell_is_believed():
    found = timed(Scripted(noisy(0.05), others=None), budget=0.2)
    assert len(found.samples) == found.taken
    assert found.flags == ()


def test_a_call_that_never_settles_is_flagged():
    backend = Scripted(lambda n: 1e-3 * 0.9 ** min(n, 300))
    found = timed(backend, budget=0.5)
    assert "not-steady" in found.flags


def test_warm_up_takes_no_more_than_its_share_of_the_budget():
    backend = Scripted(lambda n: 1e-3 * (1 + n % 2))
    found = timed(backend, budget=10.0)
    warm = backend.told[1 : len(backend.told) - found.taken]
    assert sum(sample.wall for sample in warm[:-1]) < WARM_SHARE * 10.0
    assert found.flags == ("not-steady",)


def test_every_flag_is_explained():
    contended = Scripted(lambda n: 1e-3 * (1 + n % 2), others=lambda n: 1.0)
    flags = timed(contended, budget=1.0).flags
    assert flags == ("contended", "not-steady")
    assert set(flags) <= set(FLAGS)


def test_who_watches_is_told_the_estimate():
    told = []
    timed(Scripted(steady), watch=told.append)
    assert len(told) >= 2
    assert told == pytest.approx([1e-3] * len(told))


def test_the_median_and_its_interval_are_those_of_the_samples():
    found = Timing((3.0, 1.0, 2.0, 5.0, 4.0, 6.0), 1, 6, 9.0)
    assert found.median == 3.5
    assert found.interval == (1.0, 6.0)
    assert Timing((1.0,) * 5, 1, 5, 1.0).interval is None


@given(
    st.lists(st.floats(1e-6, 1e-1), min_size=1, max_size=30),
    st.lists(st.floats(0, 3), min_size=1, max_size=30),
    st.floats(0, 3),
    st.floats(1e-3, 0.3),
)
@law
def test_whatever_happens_there_is_an_answer(seconds, others, budget, precision):
    backend = Scripted(lambda n: seconds[n % len(seconds)], lambda n: others[n % len(others)])
    found = timed(backend, precision, budget)
    assert FEWEST <= len(found.samples) <= found.taken <= MOST_SAMPLES
    low, high = found.interval
    assert min(found.samples) <= low <= found.median == median(found.samples) <= high <= max(found.samples)
    assert set(found.flags) <= set(FLAGS)
    if found.taken > FEWEST:
        assert backend.spent - backend.told[-1].wall < budget


def test_the_number_of_each_sample_is_its_place_in_time():
    numbers = count()
    backend = Scripted(lambda n: 1e-3 if n < 4 else 1e-3 * (1 + 1e-6 * next(numbers)))
    found = timed(backend)
    assert list(found.samples) == sorted(found.samples)
