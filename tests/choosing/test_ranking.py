"""Ranks: one more than how many are better beyond the noise."""

from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.choosing.pareto import Span
from attnprof.choosing.ranking import ranks

law = settings(derandomize=True, deadline=None, max_examples=200)
values = st.integers(0, 9)
noisy = st.tuples(values, values, values).map(lambda three: Span(*sorted(three)))


@given(st.lists(values, max_size=10))
@law
def test_exact_figures_are_ranked_as_in_a_race(costs):
    assert ranks([Span.exact(each) for each in costs]) == [1 + sum(o < each for o in costs) for each in costs]


@given(st.lists(noisy, min_size=1, max_size=10))
@law
def test_somebody_is_first_and_whoever_is_surely_better_ranks_higher(costs):
    placed = ranks(costs)
    assert min(placed) == 1
    for one, a in zip(placed, costs, strict=True):
        for other, b in zip(placed, costs, strict=True):
            if a.high < b.low:
                assert one < other


def test_what_overlaps_the_best_shares_its_rank():
    assert ranks([Span(1, 2, 3), Span(2, 3, 4), Span(3.5, 4, 5), Span(9, 9, 9)]) == [1, 1, 2, 4]
