"""Ratios of processes: their intervals hold the truth as often as they say, and verdicts follow from intervals alone."""

from itertools import permutations
from math import exp
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.comparison.ratios import (
    FASTER,
    SAME,
    SLOWER,
    STUDENT,
    UNCLEAR,
    Side,
    judge,
    pair_rank,
    ratio_interval,
    student,
)
from attnprof.stats import middle

law = settings(derandomize=True, deadline=None, max_examples=80)
seconds = st.floats(1e-6, 1e-1)


def side(*processes, interval=None):
    return Side(middle(processes), processes, interval)


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


def test_five_per_cent_are_found_by_six_processes_each_and_equal_runs_are_not_told_apart():
    random = Random(2)
    found = [
        judge(side(*drawn(random, 6, 0.015)), side(*drawn(random, 6, 0.015, 1.05)), 0.0) for _ in range(500)
    ]
    equal = [judge(side(*drawn(random, 6, 0.015)), side(*drawn(random, 6, 0.015)), 0.02) for _ in range(500)]
    assert sum(each.verdict == SLOWER for each in found) >= 0.95 * 500
    assert sum(each.verdict in (SLOWER, FASTER) for each in equal) <= 0.01 * 500


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


@given(st.floats(1, 40), st.floats(1, 40))
@law
def test_fewer_degrees_of_freedom_are_never_worth_more(one, other):
    assert student(min(one, other)) >= student(max(one, other))


def test_the_table_of_student_is_met_at_its_entries():
    assert [student(float(n)) for n in STUDENT] == list(STUDENT.values())
