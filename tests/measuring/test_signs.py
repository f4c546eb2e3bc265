"""Drift and two values are seen in a series of samples where they are, and not where they are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.measuring.estimators import LOWER_QUARTILE
from attnprof.measuring.signs import FEWEST_FOR_TWO, drifts, is_bimodal, settles

law = settings(derandomize=True, deadline=None, max_examples=80)


def noise(n, share=0.01):
    """The n-th of a series without a trend, all within ``share``."""
    return 1 + share * (((n * 7919) % 101) / 50 - 1)


def test_a_steady_series_does_not_drift_and_has_one_value():
    steady = [noise(n) for n in range(60)]
    assert not drifts(steady)
    assert not is_bimodal(steady)


@pytest.mark.parametrize("slope", [0.3, -0.3, 1.0])
def test_a_trend_is_a_drift(slope):
    assert drifts([noise(n) * (1 + slope * n / 60) for n in range(60)])


def test_a_hump_is_a_drift_though_beginning_and_end_agree():
    assert drifts([noise(n) * (1.15 if 20 <= n < 40 else 1) for n in range(60)])


def test_a_trend_below_10_percent_is_none():
    assert not drifts([noise(n, 0.0) * (1 + 0.09 * n / 60) for n in range(60)])


def test_thirds_that_differ_within_their_noise_are_no_drift():
    assert not drifts([noise(n, 0.5) for n in range(24)])


def test_a_few_samples_show_no_drift():
    assert not drifts([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])


@pytest.mark.parametrize("period", [2, 3, 5])
def test_two_values_are_seen(period):
    assert is_bimodal([noise(n) * (1.2 if n % period == 0 else 1) for n in range(60)])


def test_values_closer_than_3_percent_are_one():
    assert not is_bimodal([1.02 if n % 2 else 1.0 for n in range(60)])


def test_a_rare_value_is_an_outlier_and_no_second_one():
    assert not is_bimodal([noise(n) * (2 if n % 20 == 0 else 1) for n in range(60)])


def test_even_noise_is_one_value():
    assert not is_bimodal([noise(n, 0.2) for n in range(101)])


def test_a_few_samples_show_one_value():
    assert not is_bimodal([1.0, 2.0] * (FEWEST_FOR_TWO // 2 - 1))
    assert is_bimodal([1.0, 2.0] * (FEWEST_FOR_TWO // 2))


@given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=80), st.sampled_from([0.125, 1024.0]))
@law
def test_neither_depends_on_the_unit(samples, scale):
    scaled = [scale * sample for sample in samples]
    assert drifts(scaled) == drifts(samples)
    assert is_bimodal(scaled) == is_bimodal(samples)


@given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=80))
@law
def test_two_values_do_not_depend_on_the_order(samples):
    assert is_bimodal(sorted(samples)) == is_bimodal(samples)


def test_samples_that_agree_have_no_sign():
    assert not drifts([2.5] * 60)
    assert not is_bimodal([2.5] * 60)


def test_a_call_that_becomes_faster_to_the_end_has_not_settled():
    assert settles([noise(n) * 0.9 ** (n / 10) for n in range(60)])


def test_a_call_that_was_slow_at_first_has_settled():
    assert not settles([noise(n) * (1.5 if n < 20 else 1) for n in range(60)])


def test_a_machine_that_became_slower_has_a_drift_and_no_warm_up():
    series = [noise(n) * (1.15 if n >= 40 else 1) for n in range(60)]
    assert drifts(series)
    assert not settles(series)


def test_the_drift_of_a_low_estimator_is_none_where_only_some_samples_are_slow():
    series = [noise(n) * (1.5 if n % 3 and 20 <= n < 40 else 1) for n in range(60)]
    assert drifts(series)
    assert not drifts(series, LOWER_QUARTILE.of)
