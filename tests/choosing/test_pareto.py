"""The Pareto front: what brute force over all pairs gives; noise dominates nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.choosing.pareto import Span, dominates, front

law = settings(derandomize=True, deadline=None, max_examples=200)
values = st.integers(0, 5)
exact = st.builds(Span.exact, values)
noisy = st.tuples(values, values, values).map(lambda three: Span(*sorted(three)))


def points(span):
    return st.integers(1, 4).flatmap(
        lambda axes: st.lists(st.lists(span, min_size=axes, max_size=axes), max_size=12)
    )


@given(points(exact))
@law
def test_the_front_of_exact_figures_equals_brute_force(costs):
    brute = []
    for n, mine in enumerate(costs):
        better = [
            theirs
            for theirs in costs
            if all(t.value <= m.value for t, m in zip(theirs, mine, strict=True))
            and any(t.value < m.value for t, m in zip(theirs, mine, strict=True))
        ]
        if not better:
            brute.append(n)
    assert front(costs) == brute


@given(points(noisy))
@law
def test_nobody_off_the_front_is_undominated_and_nobody_on_it_is_dominated(costs):
    kept = set(front(costs))
    for n, point in enumerate(costs):
        assert (n in kept) == (not any(dominates(other, point) for other in costs))


@given(points(noisy))
@law
def test_there_is_a_front_wherever_there_is_a_point(costs):
    assert bool(front(costs)) == bool(costs)


@given(points(noisy))
@law
def test_noise_only_ever_widens_the_front(costs):
    sharp = [[Span.exact(span.value) for span in point] for point in costs]
    assert set(front(sharp)) <= set(front(costs))


def test_a_gain_inside_the_noise_dominates_nothing():
    fast, slow = [Span(0.9, 1.0, 1.3)], [Span(1.2, 1.5, 1.6)]
    assert front([fast, slow]) == [0, 1]
    assert front([fast, [Span(1.4, 1.5, 1.6)]]) == [0]


def test_more_is_better_turned_round_is_a_cost():
    assert Span(1, 2, 4).negated == Span(-4, -2, -1)
