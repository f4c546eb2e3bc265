"""A ratio is of rounds that had both: what slows the machine for a while does not move it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.measuring.estimators import ESTIMATORS, LOWER_QUARTILE, MEDIAN
from attnprof.measuring.ratios import ratio_to

law = settings(derandomize=True, deadline=None, max_examples=60)
speeds = st.lists(st.floats(0.5, 4.0), min_size=1, max_size=30)


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
@given(speeds)
@law
def test_a_machine_that_changes_its_speed_from_round_to_round_does_not_move_a_ratio(estimator, slowdowns):
    cell = [(turn, 3e-3 * slow) for turn, slow in enumerate(slowdowns) for _ in range(2)]
    base = [(turn, 1e-3 * slow) for turn, slow in enumerate(slowdowns) for _ in range(8)]
    ratio = ratio_to("se", cell, base, estimator)
    assert ratio.value == pytest.approx(3.0)
    assert (ratio.baseline, ratio.n, ratio.why) == ("se", 2 * len(slowdowns), "")


def test_a_ratio_has_an_interval_where_there_are_samples_enough():
    cell = [(turn, 2.0 + 0.01 * (turn % 7)) for turn in range(30)]
    base = [(turn, 1.0) for turn in range(30)]
    low, high = ratio_to("se", cell, base, MEDIAN).interval
    assert 2.0 <= low < high <= 2.06
    assert ratio_to("se", cell[:3], base, MEDIAN).interval is None


def test_only_rounds_that_had_both_count():
    ratio = ratio_to("se", [(0, 5.0), (1, 2.0), (2, 9.0)], [(1, 1.0), (3, 1.0)], MEDIAN)
    assert (ratio.value, ratio.n) == (2.0, 1)


def test_without_a_common_round_there_is_no_ratio_and_a_reason():
    ratio = ratio_to("se", [(0, 5.0)], [(1, 1.0)], LOWER_QUARTILE)
    assert ratio.value is None
    assert ratio.why == "no round in which se has a sample, too"


def test_a_slow_sample_of_the_baseline_moves_a_ratio_little():
    base = [(0, 1.0)] * 7 + [(0, 50.0)]
    assert ratio_to("se", [(0, 2.0)] * 12, base, LOWER_QUARTILE).value == pytest.approx(2.0)
