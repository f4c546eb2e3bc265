"""A ratio is of two figures of one process: what slows the machine for all of it does not move it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.measuring.estimators import ESTIMATORS, LOWER_QUARTILE, MEDIAN
from attnprof.measuring.ratios import ratio_to

law = settings(derandomize=True, deadline=None, max_examples=60)
samples = st.lists(st.floats(1e-6, 1e-1), min_size=1, max_size=40)
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)


@every_estimator
@given(samples, samples, st.floats(0.25, 4.0))
@law
def test_a_machine_of_another_speed_does_not_move_a_ratio(estimator, cell, base, slower):
    ratio = ratio_to("se", cell, base, estimator)
    slowed = ratio_to("se", [slower * each for each in cell], [slower * each for each in base], estimator)
    assert slowed.value == pytest.approx(ratio.value)
    assert (ratio.baseline, ratio.n, ratio.why) == ("se", len(cell), "")


@every_estimator
@given(samples, samples)
@law
def test_the_interval_of_a_ratio_holds_it_and_is_wider_than_that_of_the_cell_alone(estimator, cell, base):
    ratio, alone = ratio_to("se", cell, base, estimator), estimator.interval(cell)
    if ratio.interval is None:
        assert alone is None or estimator.interval(base) is None
        return
    low, high = ratio.interval
    assert low <= ratio.value * (1 + 1e-9)
    assert high >= ratio.value * (1 - 1e-9)
    assert high / low >= alone[1] / alone[0] * (1 - 1e-9)


def test_a_ratio_has_an_interval_where_both_have_samples_enough():
    cell = [2.0 + 0.01 * (turn % 7) for turn in range(30)]
    low, high = ratio_to("se", cell, [1.0] * 30, MEDIAN).interval
    assert 2.0 <= low < high <= 2.06
    assert ratio_to("se", cell[:3], [1.0] * 30, MEDIAN).interval is None
    assert ratio_to("se", cell, [1.0] * 3, MEDIAN).interval is None


@pytest.mark.parametrize(
    ("cell", "base", "why"),
    [([5.0], [], "no sample of se counts"), ([], [1.0], "no sample of its own counts")],
)
def test_without_samples_there_is_no_ratio_and_a_reason(cell, base, why):
    ratio = ratio_to("se", cell, base, LOWER_QUARTILE)
    assert (ratio.value, ratio.interval, ratio.why) == (None, None, why)


def test_a_slow_sample_of_the_baseline_moves_a_ratio_little():
    base = [1.0] * 7 + [50.0]
    assert ratio_to("se", [2.0] * 12, base, LOWER_QUARTILE).value == pytest.approx(2.0)
