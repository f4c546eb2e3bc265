"""Which cells a further process measures: a law for each of the reasons, and none of it needs a clock."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.choosing.budget import parse_budget
from attnprof.running.racing import CHEAPEST, CLEARLY, COSTS, Standing, contenders, still_open

law = settings(derandomize=True, deadline=None, max_examples=100)

times = st.floats(1e-6, 1.0)
costs = st.fixed_dictionaries({name: st.integers(0, 10**4) for name in COSTS})
cells = st.builds(
    Standing,
    key=st.uuids().map(str),
    title=st.sampled_from(["a", "b", "se"]),
    block=st.sampled_from(["small", "large"]),
    seconds=st.lists(times, min_size=1, max_size=4).map(tuple),
    costs=costs,
    stays=st.booleans(),
)
fields = st.lists(cells, min_size=1, max_size=120, unique_by=lambda each: each.key)


def cell(key, seconds, block="b", **more):
    return Standing(key, key, block, (seconds,), **more)


def crowd(count, start=1e-3, **more):
    """Cells each a tenth slower than the one before."""
    return [cell(f"c{n:03}", start * 1.1**n, **more) for n in range(count)]


@given(fields)
@law
def test_the_cheapest_of_every_block_is_a_contender(standings):
    keys = contenders(standings)
    for block in {each.block for each in standings}:
        rivals = sorted((each for each in standings if each.block == block), key=lambda each: each.latency)
        assert {each.key for each in rivals[:CHEAPEST]} <= keys


@given(fields)
@law
def test_nothing_on_a_front_is_left_out(standings):
    keys = contenders(standings)
    for each in standings:
        rivals = [other for other in standings if other.block == each.block]
        for cost in COSTS:
            beaten = any(
                other.latency <= each.latency and other.costs[cost] <= each.costs[cost]
                for other in rivals
                if other is not each
            )
            assert beaten or each.key in keys


@given(fields)
@law
def test_what_stays_stays(standings):
    staying = {each.key for each in standings if each.stays}
    assert staying <= contenders(standings)
    assert staying <= still_open(standings)


@given(fields, st.data())
@law
def test_another_cell_takes_no_place_but_those_of_slower_ones(standings, data):
    """With fewer cells, every remaining contender of the larger field is one still."""
    fewer = data.draw(st.lists(st.sampled_from(standings), unique_by=lambda each: each.key))
    assert contenders(standings) & {each.key for each in fewer} <= contenders(fewer)


@given(fields)
@law
def test_a_block_of_few_cells_is_measured_whole_and_no_cell_is_made_up(standings):
    keys = contenders(standings)
    assert keys <= {each.key for each in standings}
    if len(standings) <= CHEAPEST:
        assert keys == {each.key for each in standings}


@given(fields)
@law
def test_the_order_of_the_cells_does_not_matter(standings):
    assert contenders(standings) == contenders(standings[::-1])


def test_a_dear_cell_with_the_fewest_parameters_is_on_a_front_and_a_rival_as_dear_is_not():
    field = crowd(40, costs={"params": 100})
    lean = cell("lean", 0.5, costs={"params": 3})
    fat = cell("fat", 0.5, costs={"params": 100})
    assert {"lean", "fat"} & contenders([*field, lean, fat]) == {"lean"}


def test_a_figure_within_the_noise_beats_nobody():
    field = crowd(40, costs={"params": 100})
    lean = cell("lean", 0.5, costs={"params": 3})
    near = cell("near", 0.5 * CLEARLY * 0.99, costs={"params": 3})
    assert {"lean", "near"} <= contenders([*field, lean, near])


def test_a_budget_asks_for_what_may_keep_it():
    field = [replace(each, costs={"params": 10 * n}) for n, each in enumerate(crowd(60))]
    limit = field[40].latency
    keys = contenders(field, parse_budget(f"latency<={limit * 1e3:.9f}ms, params<=500"))
    assert field[40].key in keys
    assert field[41].key in keys  # within the noise of a rough figure
    assert field[45].key not in keys


def test_a_budget_may_be_relative_to_a_cell_of_the_block():
    field = crowd(60)
    se = cell("se", 1e-3)
    keys = contenders([*field, se], parse_budget("latency<=20x:se"))
    assert field[31].key in keys
    assert field[40].key not in keys


def steady(key, seconds, block="b", spread=0.01):
    figures = tuple(seconds * (1 + spread * n) for n in (-1, 0, 1, 0))
    return Standing(key, key, block, figures, figures)


def test_cells_that_are_in_order_beyond_the_noise_are_decided():
    assert still_open([steady("a", 1.0), steady("b", 2.0), steady("c", 3.0)]) == frozenset()


def test_cells_whose_intervals_meet_are_open_and_those_apart_from_them_are_not():
    field = [steady("a", 1.0), steady("b", 1.01), steady("c", 3.0)]
    assert still_open(field) == {"a", "b"}
    elsewhere = [steady("a", 1.0), steady("b", 1.01, block="other"), steady("c", 3.0)]
    assert still_open(elsewhere) == frozenset()


def test_a_cell_of_too_few_processes_is_open_and_so_are_its_rivals():
    assert still_open([cell("new", 9.0), steady("a", 1.0)]) == {"new", "a"}
