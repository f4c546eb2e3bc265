"""The interval of the median holds it with 95 %, by the binomial distribution, and no narrower one does; so
does that of processes."""

from fractions import Fraction
from itertools import permutations
from math import comb, exp, isnan, log, sin, sqrt
from random import Random
from statistics import median, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.stats import (
    FEWEST,
    STUDENT,
    geometric_mean,
    lag1,
    mean_interval,
    median_interval,
    middle,
    pair_rank,
    process_interval,
    quartiles,
    rank_correlation,
    ranks,
    ratio_interval,
    student,
)
from tests.every_case import every_case

law = settings(derandomize=True, deadline=None, max_examples=60)
seconds = st.floats(1e-6, 1e-1)
samples = st.lists(st.floats(1e-6, 1e3), min_size=FEWEST, max_size=60)


def coverage(n, low, high):
    """The probability that the median lies between the low-th and the high-th of n samples, exactly."""
    return Fraction(sum(comb(n, k) for k in range(low, high)), 2**n)


@pytest.mark.parametrize(("n", "expected"), [(6, (1, 6)), (20, (6, 15)), (40, (14, 27)), (100, (40, 61))])
def test_the_ranks_are_those_of_the_tables(n, expected):
    assert ranks(n) == expected


def test_the_interval_holds_the_median_with_95_percent_and_no_narrower_one_does():
    with every_case() as case:
        for n in [*range(FEWEST, 60), 99, 100, 501, 1000]:
            with case(n):
                low, high = ranks(n)
                assert coverage(n, low, high) >= Fraction(95, 100)
                assert low + 1 >= high - 1 or coverage(n, low + 1, high - 1) < Fraction(95, 100)


def test_the_ranks_are_symmetric():
    with every_case() as case:
        for n in [*range(FEWEST, 60), 2000]:
            with case(n):
                low, high = ranks(n)
                assert low + high == n + 1
                assert 1 <= low < high <= n


@pytest.mark.parametrize("n", range(FEWEST))
def test_too_few_samples_have_no_interval(n):
    assert ranks(n) is None
    assert median_interval([1.0] * n) is None


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


@given(samples)
@law
def test_samples_that_resemble_the_one_before_never_narrow_the_interval(found):
    low, high = median_interval(found)
    first, last = ranks(len(found))
    ordered = sorted(found)
    assert low <= ordered[first - 1]
    assert ordered[last - 1] <= high


def test_independent_samples_have_the_ranks_of_the_tables():
    alternating = [1.0, 7.0, 2.0, 8.0, 3.0, 9.0, 4.0, 10.0] * 5
    ordered = sorted(alternating)
    assert lag1(alternating) < 0
    assert median_interval(alternating) == (ordered[13], ordered[26])


def test_a_slow_wave_has_a_wider_interval_than_the_same_samples_in_another_order():
    wave = [10 + sin(n / 6) for n in range(60)]
    mixed = [wave[(n * 17) % 60] for n in range(60)]
    slow, fast = median_interval(wave), median_interval(mixed)
    assert slow[1] - slow[0] > 1.5 * (fast[1] - fast[0])


def test_the_correlation_of_known_series():
    assert lag1([1.0, -1.0] * 50) == pytest.approx(-0.99)
    assert lag1([2.0] * 10) == 0.0
    assert lag1([float(n) for n in range(1000)]) == pytest.approx(1, abs=0.01)


@given(st.lists(seconds, min_size=3, max_size=12))
@law
def test_the_interval_of_a_geometric_mean_holds_it_and_that_of_reciprocals_is_its_reciprocal(ratios):
    low, high = mean_interval(ratios)
    assert low <= geometric_mean(ratios) * (1 + 1e-9)
    assert high >= geometric_mean(ratios) * (1 - 1e-9)
    assert mean_interval([1 / ratio for ratio in ratios]) == pytest.approx((1 / high, 1 / low), rel=1e-6)


def test_the_interval_of_a_geometric_mean_by_hand():
    half = exp(3.182 * stdev([log(1.0), log(1.1), log(1.2), log(1.3)]) / 2)
    mean = (1.0 * 1.1 * 1.2 * 1.3) ** 0.25
    assert mean_interval([1.0, 1.1, 1.2, 1.3]) == pytest.approx((mean / half, mean * half))
    assert mean_interval([1.0, 1.1]) is None


def test_one_outlier_among_many_does_not_widen_the_interval():
    steady = [1.0 + (n * 17 % 40) / 1000 for n in range(40)]
    outlying = [1000.0 if sample == max(steady) else sample for sample in steady]
    assert median_interval(outlying) == median_interval(steady)


values = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=9)


@given(values)
@law
def test_the_middle_of_reciprocals_is_the_reciprocal_of_the_middle(found):
    assert middle([1 / value for value in found]) == pytest.approx(1 / middle(found), rel=1e-12)
    assert min(found) * (1 - 1e-12) <= middle(found) <= max(found) * (1 + 1e-12)


def test_the_middle_of_an_odd_number_is_the_median():
    assert middle([3.0, 1.0, 2.0]) == 2.0
    assert middle([4.0, 1.0]) == 2.0


@given(values)
@law
def test_the_interval_of_processes_holds_their_middle_and_turns_round_with_them(found):
    interval = process_interval(found)
    if len(found) < 3:
        assert interval is None
        return
    low, high = interval
    assert low <= middle(found) <= high
    turned = process_interval([1 / value for value in found])
    assert turned == (pytest.approx(1 / high, rel=1e-9), pytest.approx(1 / low, rel=1e-9))


def test_six_processes_lie_between_the_least_and_the_greatest():
    assert process_interval([3.0, 1.0, 2.0, 6.0, 5.0, 4.0]) == (1.0, 6.0)


def test_three_processes_have_students_interval_of_their_logarithms():
    # mean 0, standard deviation 0.01: t(2) = 4.303, over the root of three
    low, high = process_interval([exp(-0.01), 1.0, exp(0.01)])
    assert log(high) == pytest.approx(4.303 * 0.01 / sqrt(3))
    assert log(low) == pytest.approx(-log(high))


@pytest.mark.parametrize("n", [3, 4, 5, 6, 8])
def test_the_interval_of_processes_holds_the_truth_about_19_times_in_20(n):
    random = Random(n)
    held = 0
    for _ in range(2000):
        low, high = process_interval([exp(random.gauss(0, 0.02)) for _ in range(n)])
        held += low <= 1.0 <= high
    assert held >= 0.935 * 2000


def test_processes_that_agree_have_an_interval_without_width():
    assert process_interval([2.5] * 4) == (2.5, 2.5)


def test_quartiles_hold_the_middle_half():
    assert quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 4.0)
    assert quartiles([1.0]) is None


def drawn(random, n, noise, factor=1.0):
    return [factor * exp(random.gauss(0, noise)) for _ in range(n)]


@pytest.mark.parametrize(("n", "m", "rank"), [(6, 6, 6), (6, 7, 7), (7, 7, 9), (8, 8, 14), (10, 10, 24)])
def test_ranks_are_those_of_the_printed_tables_of_u(n, m, rank):
    # Critical values 5, 6, 8, 13 and 23 for two-sided 5 %; the rank is one more.
    assert pair_rank(n, m) == rank


def test_the_rank_of_six_and_six_is_the_one_that_counting_orders_gives():
    below = []
    for first in {tuple(sorted(order[:3])) for order in permutations(range(6))}:
        second = [place for place in range(6) if place not in first]
        below.append(sum(a < b for a in first for b in second))
    assert min(below) == 0
    assert below.count(0) / len(below) > 0.025  # which is why three processes each need Student's t
    assert pair_rank(3, 3) == 1


@pytest.mark.parametrize(
    ("n", "noise"),
    [((3, 3), (0.02, 0.02)), ((3, 3), (0.01, 0.04)), ((3, 6), (0.03, 0.01)), ((6, 6), (0.02, 0.02))],
)
def test_equal_runs_are_inside_the_interval_about_as_often_as_it_says(n, noise):
    random = Random(1)
    held = 0
    for _ in range(3000):
        low, high = ratio_interval(drawn(random, n[0], noise[0]), drawn(random, n[1], noise[1]))
        held += low <= 1 <= high
    assert 0.935 <= held / 3000 <= 0.99


@given(
    st.lists(seconds, min_size=2, max_size=8), st.lists(seconds, min_size=2, max_size=8), st.floats(0.1, 10)
)
@law
def test_the_interval_turns_over_with_the_runs_and_scales_with_the_unit(before, after, unit):
    low, high = ratio_interval(before, after)
    back = ratio_interval(after, before)
    assert (1 / back[1], 1 / back[0]) == pytest.approx((low, high), rel=1e-6)
    assert ratio_interval([unit * each for each in before], after) == pytest.approx(
        (low / unit, high / unit), rel=1e-6
    )


@given(st.floats(1, 40), st.floats(1, 40))
@law
def test_fewer_degrees_of_freedom_are_never_worth_more(one, other):
    assert student(min(one, other)) >= student(max(one, other))


def test_the_table_of_student_is_met_at_its_entries():
    assert [student(float(n)) for n in STUDENT] == list(STUDENT.values())


@given(st.permutations(range(8)))
@law
def test_the_rank_correlation_of_different_figures_is_spearmans_formula(order):
    squares = sum((n - rank) ** 2 for n, rank in enumerate(order))
    expected = 1 - 6 * squares / (8 * (8**2 - 1))
    assert rank_correlation([2.0**n for n in range(8)], [3.0**rank for rank in order]) == pytest.approx(
        expected
    )


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=12))
@law
def test_the_rank_correlation_with_ties_is_within_one_and_the_same_both_ways(pairs):
    one, other = ([pair[n] for pair in pairs] for n in (0, 1))
    correlation = rank_correlation(one, other)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert isnan(correlation)
        return
    assert -1 - 1e-12 <= correlation <= 1 + 1e-12
    assert rank_correlation(other, one) == pytest.approx(correlation)
    assert rank_correlation(one, one) == pytest.approx(1)
