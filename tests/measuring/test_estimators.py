"""From the samples of a process to its figure: what every estimator keeps to, and what each is known to give."""

from itertools import combinations
from math import comb, exp, fsum
from random import Random
from statistics import fmean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.measuring.estimators import (
    ESTIMATORS,
    HALF_SAMPLE_MODE,
    LOWER_DECILE,
    LOWER_QUARTILE,
    MEDIAN,
    MINIMUM,
    SHORTEST_OF_TEN,
    expected_shortest,
    expected_shortest_interval,
    half_sample_mode,
    quantile,
    quantile_interval,
    quantile_ranks,
)

law = settings(derandomize=True, deadline=None, max_examples=60)
samples = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=60)
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)


@each_estimator
@given(samples)
@law
def test_a_figure_lies_among_the_samples_and_in_its_interval(estimator, timed):
    figure, interval = estimator.of(timed), estimator.interval(timed)
    assert min(timed) * (1 - 1e-9) <= figure <= max(timed) * (1 + 1e-9)
    if interval is not None:
        low, high = interval
        assert 0 < low <= figure * (1 + 1e-9)
        assert figure * (1 - 1e-9) <= high
        # The expectation of a minimum may lie below every sample.
        assert estimator is SHORTEST_OF_TEN or min(timed) <= low <= high <= max(timed)


@each_estimator
@given(samples)
@law
def test_a_figure_has_the_unit_of_the_samples_and_its_half_width_none(estimator, timed):
    double = [1024 * sample for sample in timed]
    assert estimator.of(double) == pytest.approx(1024 * estimator.of(timed), rel=1e-9)
    width = estimator.half_width(timed)
    assert (width is None) == (estimator.half_width(double) is None)
    if width is not None:
        assert estimator.half_width(double) == pytest.approx(width, rel=1e-6, abs=1e-12)


@each_estimator
def test_samples_that_agree_have_no_width(estimator):
    assert estimator.of([2.5] * 40) == pytest.approx(2.5)
    assert estimator.half_width([2.5] * 40) == pytest.approx(0.0)


@each_estimator
def test_one_sample_is_the_figure_and_has_no_interval(estimator):
    assert estimator.of([3.0]) == 3.0
    assert estimator.interval([3.0]) is None


def test_the_figures_of_known_samples():
    timed = [4.0, 1.0, 3.0, 2.0, 5.0]
    assert [each.of(timed) for each in (MEDIAN, LOWER_QUARTILE, MINIMUM)] == [3.0, 2.0, 1.0]
    assert LOWER_DECILE.of([float(n) for n in range(11)]) == 1.0
    assert HALF_SAMPLE_MODE.of([1.0, 2.0, 2.1, 2.2, 5.0, 9.0]) == pytest.approx(2.1)


@pytest.mark.parametrize(
    ("timed", "mode"),
    [([1.0], 1.0), ([1.0, 3.0], 2.0), ([1.0, 2.0, 4.0], 1.5), ([1.0, 3.0, 4.0], 3.5), ([1.0, 2.0, 3.0], 2.0)],
)
def test_the_mode_of_a_few_samples_is_the_middle_of_the_closest(timed, mode):
    assert half_sample_mode(timed) == mode


@given(st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=9), st.integers(1, 4))
@law
def test_the_expected_shortest_is_the_mean_over_all_choices(timed, of):
    assert expected_shortest(timed, of) == pytest.approx(fmean(map(min, combinations(timed, of))))


@given(st.lists(st.floats(1e-3, 1e3), min_size=11, max_size=40))
@law
def test_the_expected_shortest_does_not_depend_on_how_many_samples_there_are(timed):
    without_one = [timed[:place] + timed[place + 1 :] for place in range(len(timed))]
    assert fmean(map(expected_shortest, without_one)) == pytest.approx(expected_shortest(timed))


@pytest.mark.parametrize("n", [16, 30, 60])
@pytest.mark.parametrize("noise", ["lognormal", "bursts"])
def test_an_interval_holds_the_expected_shortest_of_what_the_samples_are_drawn_from(noise, n):
    random = Random(n)

    def draw():
        burst = 1.5 if noise == "bursts" and random.random() < 0.2 else 1.0
        return burst * exp(random.gauss(0.0, 0.05))

    truth = fmean(min(draw() for _ in range(10)) for _ in range(20_000))
    intervals = [expected_shortest_interval([draw() for _ in range(n)]) for _ in range(400)]
    present = [interval for interval in intervals if interval]
    assert len(present) >= 0.9 * len(intervals)
    assert sum(low <= truth <= high for low, high in present) >= 0.92 * len(present)


def test_the_interval_of_the_expected_shortest_is_that_of_leaving_out_each_sample():
    random = Random(5)
    timed = [exp(random.gauss(0.0, 0.05)) for _ in range(20)]
    figure = expected_shortest(timed)
    left = [expected_shortest(timed[:place] + timed[place + 1 :]) for place in range(20)]
    deviation = (19 / 20 * fsum((each - figure) ** 2 for each in left)) ** 0.5
    low, high = expected_shortest_interval(timed)
    assert (high / low) ** 0.5 >= exp(4.303 * deviation / figure) * (1 - 1e-9)  # t of two degrees of freedom
    assert low * high == pytest.approx(figure**2)


def test_samples_that_say_nothing_of_their_shortest_have_no_interval():
    assert expected_shortest_interval([1.0] * 11) is None
    assert expected_shortest_interval([1e-6] + [1e3] * 11) is None


@given(samples)
@law
def test_the_middle_quantile_is_the_median(timed):
    assert quantile(timed, 0.5) == pytest.approx(median(timed))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("n", [6, 11, 12, 20, 29, 40, 100, 301])
def test_the_ranks_of_a_quantile_hold_it_with_95_percent_and_no_closer_ones_do(n, share):
    below = [0.0]
    for k in range(n):
        below.append(below[-1] + comb(n, k) * share**k * (1 - share) ** (n - k))
    enough = [
        (high - low, low, high)
        for low in range(1, n)
        for high in range(low + 1, n + 1)
        if below[high] - below[low] >= 0.95
    ]
    found = quantile_ranks(n, share)
    assert (found is None) == (not enough)
    if found:
        low, high = found
        assert below[high] - below[low] >= 0.95 - 1e-9
        assert high - low == min(enough)[0]


@pytest.mark.parametrize(("share", "fewest"), [(0.25, 11), (0.1, 29)])
def test_a_low_quantile_needs_more_samples_for_an_interval(share, fewest):
    assert quantile_ranks(fewest - 1, share) is None
    assert quantile_ranks(fewest, share) is not None


def test_very_many_samples_have_ranks():
    low, high = quantile_ranks(9000, 0.1)
    assert 800 < low < 900 < high < 1000


def test_an_interval_holds_the_quantile_of_what_the_samples_are_drawn_from():
    random, hits = Random(1), 0
    for _ in range(400):
        low, high = quantile_interval([random.random() for _ in range(40)], 0.25)
        hits += low <= 0.25 <= high
    assert hits >= 0.93 * 400


def test_correlated_samples_have_a_wider_interval():
    slow = [float(n // 10 % 2) + n / 1000 for n in range(100)]
    fast = [float(n % 2) + n / 1000 for n in range(100)]
    wide, narrow = (quantile_interval(timed, 0.25) for timed in (slow, fast))
    assert wide[1] - wide[0] >= narrow[1] - narrow[0]


def test_noise_that_only_lengthens_moves_the_median_more_than_the_low_estimators():
    random = Random(3)
    processes = [
        [1.0 + random.expovariate(1 / (0.1 * load)) for _ in range(40)] for load in (0.3, 1, 2, 3) * 5
    ]

    def spread(estimator):
        figures = [estimator.of(process) for process in processes]
        return max(figures) - min(figures)

    assert spread(LOWER_QUARTILE) < spread(MEDIAN)
    assert spread(MINIMUM) < spread(LOWER_DECILE) < spread(LOWER_QUARTILE)
