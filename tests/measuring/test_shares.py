"""A budget is water: it fills up those that have had least, and never takes away what each needs at the
least."""

from dataclasses import replace
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
    assert visits_due([Spending(0, 0, 0.01)] * 4, 0.4, MOST) == [10] * 4


def test_cells_get_equal_time_and_not_equally_many_visits():
    assert visits_due([Spending(0, 0, 0.01), Spending(0, 0, 0.1)], 2.0, MOST) == [100, 10]


def test_who_needs_visits_gets_them_before_anybody_else_gets_any():
    cells = [Spending(0, 0, 5.0, 1), Spending(0, 0, 0.01, 6), Spending(0, 0, 0.01)]
    assert visits_due(cells, 600.0, MOST) == [1, 6, 0]


def test_a_spent_budget_leaves_each_what_it_needs():
    assert visits_due([Spending(3, 0, 1.0, 3), Spending(1, 2, 0.1, 1)], -1.0, MOST) == [3, 1]


def test_who_has_had_less_gets_more():
    assert visits_due([Spending(1.0, 10, 0.1), Spending(0.0, 0, 0.1)], 1.0, MOST) == [0, 10]


def test_without_a_budget_everybody_gets_the_most():
    assert visits_due([Spending(0, 3, 1.0), Spending(0, 0, 9.0)], inf, 10) == [7, 10]


def test_nobody_is_nothing():
    assert visits_due([], 1.0, MOST) == []


@given(many, st.floats(-5, 100), st.integers(0, 5))
@law
def test_everybody_has_what_is_needed_and_nobody_more_than_the_most(given, left, needed):
    cells = [replace(each, needed=needed) for each in given]
    for visits, each in zip(visits_due(cells, left, 50), cells, strict=True):
        assert visits >= needed
        assert each.visits + visits <= 50


@given(many, st.floats(0, 100))
@law
def test_the_budget_is_kept(given, left):
    assert spent(given, visits_due(given, left, 10**9)) <= left * (1 + 1e-6) + 1e-6


@given(many, st.floats(0, 100))
@law
def test_the_budget_is_used_but_for_less_than_a_visit_of_each(given, left):
    due = visits_due(given, left, 10**9)
    assert spent(given, due) >= left - sum(each.cost for each in given) - 1e-6


@given(many, st.floats(0, 100))
@law
def test_who_is_given_time_ends_level_with_the_others_to_within_a_visit(given, left):
    due = visits_due(given, left, 10**9)
    ends = [each.used + n * each.cost for n, each in zip(due, given, strict=True)]
    lifted = [end for n, end in zip(due, ends, strict=True) if n]
    for each, end in zip(given, ends, strict=True):
        assert not lifted or end + each.cost >= max(lifted) - 1e-6


@given(many, st.floats(0, 50), st.floats(0, 50))
@law
def test_more_budget_never_means_fewer_visits(given, less, more):
    before, after = visits_due(given, less, MOST), visits_due(given, less + more, MOST)
    assert all(a <= b for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("cost", [1e-9, 1e-3])
def test_a_cheap_cell_does_not_starve_beside_a_dear_one(cost):
    _, cheap = visits_due([Spending(100, 1, 100.0), Spending(0, 0, cost)], 10.0, MOST)
    assert cheap == MOST
