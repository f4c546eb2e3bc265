"""Verdicts on ratios of processes follow from their intervals alone."""

from math import exp
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.comparison.ratios import FASTER, SAME, SLOWER, UNCLEAR, Side, judge
from attnprof.stats import middle

law = settings(derandomize=True, deadline=None, max_examples=80)
seconds = st.floats(1e-6, 1e-1)


def side(*processes, interval=None):
    return Side(middle(processes), processes, interval)


def drawn(random, n, noise, factor=1.0):
    return [factor * exp(random.gauss(0, noise)) for _ in range(n)]


def test_five_per_cent_are_found_by_six_processes_each_and_equal_runs_are_not_told_apart():
    random = Random(2)
    found = [
        judge(side(*drawn(random, 6, 0.015)), side(*drawn(random, 6, 0.015, 1.05)), 0.0) for _ in range(500)
    ]
    equal = [judge(side(*drawn(random, 6, 0.015)), side(*drawn(random, 6, 0.015)), 0.02) for _ in range(500)]
    assert sum(each.verdict == SLOWER for each in found) >= 0.95 * 500
    assert sum(each.verdict in (SLOWER, FASTER) for each in equal) <= 0.01 * 500


@given(
    st.lists(seconds, min_size=2, max_size=8), st.lists(seconds, min_size=2, max_size=8), st.floats(0, 0.5)
)
@law
def test_a_verdict_and_the_one_of_the_runs_exchanged_are_each_others_mirror(before, after, tolerance):
    mirror = {SLOWER: FASTER, FASTER: SLOWER}
    there, back = judge(side(*before), side(*after), tolerance), judge(side(*after), side(*before), tolerance)
    # On a limit rounding may decide.
    limits = [1 + tolerance, 1 / (1 + tolerance)]
    if all(abs(end / limit - 1) > 1e-9 for end in there.interval for limit in limits):
        assert back.verdict == mirror.get(there.verdict, there.verdict)
    assert there.interval[0] <= there.ratio <= there.interval[1]


@pytest.mark.parametrize(
    ("after", "tolerance", "verdict"),
    [
        ((1.10, 1.10, 1.10), 0.05, SLOWER),
        ((1.10, 1.10, 1.10), 0.10, UNCLEAR),
        ((1.10, 1.10, 1.10), 0.15, SAME),
        ((0.90, 0.90, 0.90), 0.05, FASTER),
        ((1.00, 1.00, 1.00), 0.05, SAME),
        ((0.80, 1.00, 1.30), 0.05, UNCLEAR),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(after, tolerance, verdict):
    found = judge(side(0.999, 1.0, 1.001), side(*after), tolerance)
    assert found.verdict == verdict
    assert bool(found.why) == (verdict == UNCLEAR)


def test_processes_that_all_agree_have_an_interval_without_width():
    found = judge(side(2.0, 2.0), side(2.0, 2.0), 0.0)
    assert (found.interval, found.verdict) == ((1.0, 1.0), SAME)


def test_single_processes_are_told_apart_only_where_their_samples_are_ten_per_cent_apart():
    before = side(1.0, interval=(0.99, 1.01))
    far, near = side(1.2, interval=(1.15, 1.25)), side(1.1, interval=(1.09, 1.11))
    assert (judge(before, far, 0.05).verdict, judge(far, before, 0.05).verdict) == (SLOWER, FASTER)
    assert judge(before, near, 0.05).verdict == UNCLEAR
    assert judge(before, before, 0.05).verdict == UNCLEAR
    assert judge(before, far, 0.2).verdict == UNCLEAR
    assert judge(before, far, 0.05).why == "one process each: told by samples, which lie more than 10 % apart"


def test_a_single_process_without_an_interval_says_nothing():
    found = judge(side(1.0), side(9.0, 9.1, 9.2, interval=(9.0, 9.2)), 0.05)
    assert (found.verdict, found.interval) == (UNCLEAR, None)
    assert found.why == "one process on one side, and too few samples for an interval"
