"""The interval of the median holds it with 95 %, by the binomial distribution, and no narrower one does."""

from fractions import Fraction
from math import comb
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.measuring.interval import FEWEST, half_width, median_interval, ranks

law = settings(derandomize=True, deadline=None, max_examples=60)
samples = st.lists(st.floats(1e-6, 1e3), min_size=FEWEST, max_size=60)


def coverage(n, low, high):
    """The probability that the median lies between the low-th and the high-th of n samples, exactly."""
    return Fraction(sum(comb(n, k) for k in range(low, high)), 2**n)


@pytest.mark.parametrize(("n", "expected"), [(6, (1, 6)), (20, (6, 15)), (40, (14, 27)), (100, (40, 61))])
def test_the_ranks_are_those_of_the_tables(n, expected):
    assert ranks(n) == expected


@pytest.mark.parametrize("n", [*range(FEWEST, 60), 99, 100, 501, 1000])
def test_the_interval_holds_the_median_with_95_percent_and_no_narrower_one_does(n):
    low, high = ranks(n)
    assert coverage(n, low, high) >= Fraction(95, 100)
    assert low + 1 >= high - 1 or coverage(n, low + 1, high - 1) < Fraction(95, 100)


@pytest.mark.parametrize("n", [*range(FEWEST, 60), 2000])
def test_the_ranks_are_symmetric(n):
    low, high = ranks(n)
    assert low + high == n + 1
    assert 1 <= low < high <= n


@pytest.mark.parametrize("n", range(FEWEST))
def test_too_few_samples_have_no_interval(n):
    assert ranks(n) is None
    assert median_interval([1.0] * n) is None
    assert half_width([1.0] * n) is None


def test_two_thousand_samples_have_an_interval():
    low, high = ranks(2000)
    assert coverage(2000, low, high) >= Fraction(95, 100)
    assert (low, high) == (956, 1045)


def test_more_samples_never_take_the_ranks_further_apart_as_a_share():
    shares = [(high - low) / n for n in (6, 20, 100, 500, 2000) for low, high in [ranks(n)]]
    assert shares == sorted(shares, reverse=True)


@given(samples)
@law
def test_the_interval_holds_the_samples_median(found):
    low, high = median_interval(found)
    assert low <= median(found) <= high
    assert {low, high} <= set(found)


@given(samples, st.randoms(use_true_random=False))
@law
def test_the_order_of_the_samples_does_not_matter(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    assert median_interval(shuffled) == median_interval(found)


@given(samples)
@law
def test_the_half_width_is_a_share_and_has_no_unit(found):
    width = half_width(found)
    assert width >= 0
    assert half_width([1024 * sample for sample in found]) == pytest.approx(width, rel=1e-9)


def test_the_half_width_of_known_samples():
    assert half_width([9.0, 10.0, 10.0, 10.0, 10.0, 13.0]) == pytest.approx(0.2)


def test_samples_that_agree_have_no_width():
    assert half_width([2.5] * 12) == 0


def test_one_outlier_among_many_does_not_widen_the_interval():
    steady = [1.0 + n / 1000 for n in range(40)]
    assert median_interval([*steady[:-1], 1000.0]) == median_interval(steady)
