"""Which samples count: only a cause takes one out, and what is said of those that are left."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.backends import Burst, Condition, Sample
from attnprof.measuring.estimators import ESTIMATORS
from attnprof.measuring.timing import Taken, Timing, judge
from attnprof.records.record import FLAGS
from attnprof.stats import FEWEST, median_interval, quartiles

law = settings(derandomize=True, deadline=None, max_examples=80)


def taken(seconds=1e-3, lost=0.0, calls=4, alone=True, **more):
    """A sample that took ``seconds`` per call, and what others took on top as a multiple of it."""
    busy = seconds * calls
    return Taken(Sample(busy * (1 + lost), busy * lost, busy if alone else None), calls, **more)


def at(clock=1e9, **more):
    return {"condition": Condition(clock, **more)}


def test_clean_samples_all_count_in_their_order():
    found = judge([taken(n * 1e-3) for n in (3, 1, 2)])
    assert found.samples == pytest.approx((3e-3, 1e-3, 2e-3))
    assert found.flags == ()


def test_a_sample_that_others_took_part_of_is_left_out():
    found = judge([taken(lost=2.0 if n % 3 == 0 else 0.0) for n in range(30)])
    assert found.samples == pytest.approx([1e-3] * 20)
    assert found.flags == ()


def test_a_sample_that_others_took_next_to_nothing_of_counts():
    assert judge([taken(lost=0.009)] * 10).samples == pytest.approx([1.009e-3] * 10)


def test_where_hardly_a_sample_is_clean_cpu_time_stands_for_wall_time():
    found = judge([taken(lost=1.0)] * 20 + [taken()] * 3)
    assert found.samples == pytest.approx([1e-3] * 23)
    assert found.flags == ("contended",)


def test_with_several_threads_nothing_stands_for_wall_time_and_there_is_no_value():
    found = judge([taken(lost=1.0, alone=False)] * 20)
    assert (found.samples, found.flags) == ((), ("contended",))


def test_with_several_threads_clean_samples_count():
    assert len(judge([taken(lost=n % 2, alone=False) for n in range(20)]).samples) == 10


def test_two_clean_samples_of_two_suffice():
    assert judge([taken()] * 2).flags == ()


def test_a_machine_that_cannot_tell_is_believed():
    found = judge([Taken(Sample(1e-3 * (1 + n % 2)), 1) for n in range(12)])
    assert len(found.samples) == 12
    assert found.flags == ()


def test_a_slow_sample_counts_where_nothing_says_why_it_is_slow():
    found = judge([taken()] * 11 + [taken(1.0)])
    assert max(found.samples) == 1.0


def test_samples_of_a_device_that_slowed_itself_are_left_out():
    samples = [taken(2e-3, **at(throttled=True)) if n % 4 == 0 else taken(**at()) for n in range(40)]
    found = judge(samples)
    assert found.samples == pytest.approx([1e-3] * 30)
    assert found.flags == ("throttled",)


def test_samples_at_a_clock_well_below_the_usual_one_are_left_out():
    found = judge([taken(2e-3, **at(0.85e9)) if n % 4 == 0 else taken(**at()) for n in range(40)])
    assert found.samples == pytest.approx([1e-3] * 30)


def test_a_clock_that_rises_while_a_device_wakes_up_is_no_throttling():
    found = judge([taken(**at(1e9 * min(1.0, 0.2 + 0.1 * n))) for n in range(40)])
    assert len(found.samples) == 33
    assert found.flags == ()


def test_a_clock_just_below_the_usual_one_is_noise():
    found = judge([taken(**at(0.95e9 if n % 2 else 1e9)) for n in range(20)])
    assert len(found.samples) == 20
    assert found.flags == ()


def test_a_device_that_is_always_slow_is_what_it_is_and_says_so():
    found = judge([taken(**at(throttled=True))] * 20)
    assert len(found.samples) == 20
    assert found.flags == ("throttled",)


def test_a_power_limit_is_said_and_takes_nothing_out():
    found = judge([taken(**at(capped=n == 3)) for n in range(20)])
    assert len(found.samples) == 20
    assert found.flags == ("power-capped",)


def test_a_device_that_waits_for_launches_is_said_to():
    assert judge([taken()] * 12, bursts=[Burst(1e-5, 3e-5)] * 3).flags == ("launch-bound",)
    assert judge([taken()] * 12, bursts=[Burst(1e-5, 1.05e-5)] * 3).flags == ()
    assert judge([taken()] * 12, bursts=[Burst(None, 3e-5)] * 3).flags == ()


def test_drift_and_two_values_are_said():
    assert judge([taken(1e-3 * (1 + n / 100)) for n in range(60)]).flags == ("drift",)
    assert judge([taken(1e-3 * (1 + 0.2 * (n % 2))) for n in range(60)]).flags == ("bimodal",)


def test_the_median_and_its_interval_are_those_of_the_samples():
    found = Timing((3.0, 1.0, 2.0, 5.0, 4.0, 6.0), 1, 6, 9.0)
    assert (found.seconds, found.interval, found.kind) == (3.5, (1.0, 6.0), "samples")
    few = Timing((1.0,) * 5, 1, 5, 1.0)
    assert (few.interval, few.kind) == (None, "")


def test_a_quick_look_has_quartiles_and_calls_them_spread():
    samples = tuple(float(n) for n in range(1, 10))
    found = Timing(samples, 1, 9, 1.0, spread=True)
    assert (found.interval, found.kind) == (quartiles(samples), "spread") == ((3.0, 7.0), "spread")


@given(
    st.lists(
        st.tuples(
            st.floats(1e-6, 1e-1),
            st.floats(0, 3),
            st.sampled_from([0.5e9, 1e9]),
            st.booleans(),
            st.booleans(),
        ),
        min_size=1,
        max_size=60,
    ),
    st.booleans(),
)
@law
def test_whatever_was_taken_no_sample_is_made_up(given, told):
    samples = [taken(s, l, condition=Condition(c, t, p) if told else None) for s, l, c, t, p in given]  # noqa: E741
    found = judge(samples)
    assert 1 <= len(found.samples) <= len(samples)
    possible = {s.sample.wall / s.calls for s in samples} | {s.sample.busy / s.calls for s in samples}
    assert set(found.samples) <= possible
    assert set(found.flags) <= set(FLAGS)
    if len(found.samples) >= FEWEST:
        low, high = median_interval(found.samples)
        assert low <= high


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS.keys())
@law
@given(samples=st.lists(st.floats(1e-6, 1e-1), min_size=2, max_size=40))
def test_the_interval_of_a_figure_holds_it(estimator, spread, samples):
    timing = Timing(tuple(samples), 1, len(samples), samples[0], spread=spread, estimator=estimator)
    if timing.interval is not None:
        low, high = timing.interval
        assert low <= timing.seconds <= high
