"""Ranks: one more than how many are better beyond the noise."""

from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.choosing.latency_ranks import latency_ranks, shared_ranks
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


@given(st.lists(noisy, max_size=10))
@law
def test_a_shared_rank_is_the_place_of_the_first_that_has_it(costs):
    placed = shared_ranks(costs)
    in_order = sorted(each.rank for each in placed)
    for each in placed:
        assert in_order[each.rank - 1] == each.rank
        assert in_order.count(each.rank) == each.ties + 1
    by_rank = sorted(range(len(costs)), key=lambda n: placed[n].rank)
    assert [ranks(costs)[n] for n in by_rank] == sorted(ranks(costs))


def row(module, low, high, family="channel", **more):
    """A row of results with a latency between ``low`` and ``high``."""
    latency = {"latency_s": (low * high) ** 0.5, "latency_ci_low_s": low, "latency_ci_high_s": high}
    kind = {"latency_ci_kind": "processes"}
    return {
        "module": module,
        "variant": "",
        "hyperparameters": "{}",
        "family": family,
        **latency,
        **kind,
        **more,
    }


def ranked(*rows):
    return {rows[n]["module"]: (each.rank, each.ties) for n, each in latency_ranks(rows).items()}


def test_rows_are_ranked_by_their_latencies_and_the_identity_is_not():
    rows = (
        row("none", 1e-6, 1e-6, "floor"),
        row("se", 9e-5, 1.1e-4),
        row("eca", 1e-4, 1.2e-4),
        row("ca", 2e-4, 3e-4),
    )
    assert ranked(*rows) == {"se": (1, 1), "eca": (1, 1), "ca": (3, 0)}


def test_ratios_of_the_processes_decide_where_there_are_some():
    formed = {"baseline": "se", "vs_baseline": 1.1, "vs_baseline_ci_low": 1.05, "vs_baseline_ci_high": 1.15}
    assert ranked(row("se", 9e-5, 1.1e-4), row("eca", 9.5e-5, 1.2e-4, **formed)) == {
        "se": (1, 0),
        "eca": (2, 0),
    }


def test_a_rough_latency_ties_with_what_it_may_be_as_fast_as():
    rough = {"latency_ci_kind": "rough"}
    assert ranked(row("se", 9e-5, 1.1e-4), row("ca", 1.2e-4, 1.2e-4, **rough)) == {"se": (1, 1), "ca": (1, 1)}
