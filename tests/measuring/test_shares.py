"""A budget is water: it fills up those that have had least, and never takes away what each needs at the
least."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.measuring.shares import Spending, visits_due

law = settings(derandomize=True, deadline=None, max_examples=150)

accounts = st.builds(Spending, used=st.floats(0, 10), visits=st.integers(0, 20), cost=st.floats(1e-4, 5))
many = st.lists(accounts, min_size=1, max_size=30)
MOST = 1000


def spent(given, due):
    return sum(visits * each.cost for visits, each in zip(due, given, strict=True))


def test_cells_of_equal_cost_get_equally_many():
    assert visits_due([Spending(0, 0, 0.01)] * 4, 0.4, 1, MOST) == [10] * 4


def test_cells_get_equal_time_and_not_equally_many_visits():
    assert visits_due([Spending(0, 0, 0.01), Spending(0, 0, 0.1)], 2.0, 1, MOST) == [100, 10]


def test_a_cell_too_dear_for_its_share_gets_its_fewest_and_the_others_what_is_left():
    assert visits_due([Spending(0, 0, 5.0), Spending(0, 0, 0.01), Spending(0, 0, 0.01)], 6.0, 1, MOST) == [
        1,
        50,
        50,
    ]


def test_a_spent_budget_leaves_each_its_fewest():
    assert visits_due([Spending(3, 0, 1.0), Spending(1, 2, 0.1)], -1.0, 3, MOST) == [3, 1]


def test_nobody_starves_however_little_is_left():
    assert visits_due([Spending(9.0, 1, 3.0), Spending(0.01, 2, 0.005)], -5.0, 1, MOST, least=0.03) == [0, 4]


def test_who_has_had_less_gets_more():
    assert visits_due([Spending(1.0, 10, 0.1), Spending(0.0, 0, 0.1)], 1.0, 1, MOST) == [0, 10]


def test_without_a_budget_everybody_gets_the_most():
    assert visits_due([Spending(0, 3, 1.0), Spending(0, 0, 9.0)], inf, 1, 10) == [7, 10]


def test_nobody_is_nothing():
    assert visits_due([], 1.0, 1, MOST) == []


@given(many, st.floats(-5, 100), st.integers(0, 5))
@law
def test_everybody_has_the_fewest_and_nobody_more_than_the_most(given, left, fewest):
    for visits, each in zip(visits_due(given, left, fewest, 50), given, strict=True):
        assert min(fewest, 50) <= each.visits + visits or visits >= 0
        assert each.visits + visits >= min(fewest, 50)
        assert each.visits + visits <= 50


@given(many, st.floats(0, 100))
@law
def test_the_budget_is_kept_but_for_what_is_needed_at_the_least(given, left):
    due = visits_due(given, left, 2, 10**9)
    least = spent(given, [max(0, 2 - each.visits) for each in given])
    assert spent(given, due) <= max(left, least) * (1 + 1e-6) + 1e-6


@given(many, st.floats(0, 100))
@law
def test_the_budget_is_used_but_for_less_than_a_visit_of_each(given, left):
    due = visits_due(given, left, 0, 10**9)
    assert spent(given, due) >= left - sum(each.cost for each in given) - 1e-6


@given(many, st.floats(0, 100))
@law
def test_who_is_given_time_ends_level_with_the_others_to_within_a_visit(given, left):
    due = visits_due(given, left, 0, 10**9)
    ends = [each.used + n * each.cost for n, each in zip(due, given, strict=True)]
    lifted = [end for n, end in zip(due, ends, strict=True) if n]
    for each, end in zip(given, ends, strict=True):
        assert not lifted or end + each.cost >= max(lifted) - 1e-6


@given(many, st.floats(0, 50), st.floats(0, 50))
@law
def test_more_budget_never_means_fewer_visits(given, less, more):
    before, after = visits_due(given, less, 1, MOST), visits_due(given, less + more, 1, MOST)
    assert all(a <= b for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("cost", [1e-9, 1e-3])
def test_a_cheap_cell_does_not_starve_beside_a_dear_one(cost):
    _, cheap = visits_due([Spending(0, 0, 100.0), Spending(0, 0, cost)], 110.0, 1, MOST)
    assert cheap == MOST
