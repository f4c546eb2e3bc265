"""The choice: what breaks its budget is never in the answer, and what would have to give does let something
in."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.choosing.budget import parse_budget
from attnprof.choosing.candidates import candidates
from attnprof.choosing.choice import choose, closest, relaxations
from attnprof.choosing.judging import loosened, verdicts
from attnprof.choosing.measures import measures
from attnprof.choosing.pareto import DOUBT
from attnprof.errors import UnknownNameError

law = settings(derandomize=True, deadline=None, max_examples=50)
LATENCY, PARAMS, MACS = measures()["latency"], measures()["params"], measures()["macs"]
MODULES = ("se", "eca", "cbam", "simam", "gc")


@st.composite
def tables(draw, row):
    """Rows of some modules at some points, with holes and failures."""
    modules = draw(st.lists(st.sampled_from(MODULES), min_size=1, max_size=5, unique=True))
    points = draw(
        st.lists(st.sampled_from([(64, 56), (256, 28), (512, 7)]), min_size=1, max_size=3, unique=True)
    )
    rows = []
    for module in modules:
        for channels, side in points:
            low, value, high = sorted(draw(st.tuples(*[st.integers(1, 30)] * 3)))
            kind = draw(
                st.sampled_from(["ok", "ok", "ok", "ok", "no latency", "no interval", "oom", "absent"])
            )
            made = {"params": draw(st.integers(0, 30)), "macs": draw(st.none() | st.integers(0, 30))}
            if kind != "no latency":
                ends = (None, None) if kind == "no interval" else (low / 1e4, high / 1e4)
                made |= {"latency": value / 1e4, "ends": ends}
            if kind == "oom":
                made |= {"status": "oom", "reason": "too large"}
            if kind != "absent":
                rows.append(row(module, channels, side, **made))
    return rows


@st.composite
def budgets(draw, modules):
    parts = []
    for name, unit in (("params", ""), ("macs", ""), ("latency", "00us")):
        if draw(st.booleans()):
            parts.append(f"{name}<={draw(st.integers(0, 30))}{unit}")
        if draw(st.integers(0, 3)) == 0:
            parts.append(
                f"{name}<={draw(st.sampled_from(['0.5', '1', '1.2', '3']))}x:{draw(st.sampled_from(modules))}"
            )
    return parse_budget(", ".join(parts))


def chosen_from(data, row):
    rows = data.draw(tables(row))
    points, among = candidates(rows, {})
    budget = data.draw(budgets([each.name for each in among])) if among else ()
    return rows, points, among, budget


def ends(row, column):
    """The ends of a figure: without an interval it may be wrong by the factor DOUBT."""
    if column != "latency_s":
        return row[column], row[column]
    if row["latency_ci_high_s"] is None:
        return row[column] / DOUBT, row[column] * DOUBT
    return row["latency_ci_low_s"], row["latency_ci_high_s"]


def keeps(rows, points, name, limit):
    """Whether ``name`` keeps ``limit``, from the rows themselves."""
    column = limit.measure.column
    for point in points:
        found = {row["module"]: row for row in rows if f"{row['channels']}@{row['height']}" == point}
        mine, theirs = found.get(name), found.get(limit.reference)
        if mine is None or mine["status"] != "ok" or mine[column] is None:
            return False
        end, bound = Fraction(str(ends(mine, column)[1])), Fraction(limit.value)
        if limit.reference:
            if theirs is None or theirs["status"] != "ok" or theirs[column] is None:
                return False
            same = name == limit.reference
            end = Fraction(str(mine[column])) if same else end
            bound *= Fraction(str(theirs[column] if same else ends(theirs, column)[0]))
        if end > bound:
            return False
    return True


@given(st.data())
@law
def test_what_breaks_a_limit_is_never_in_the_answer_and_what_keeps_all_is(row, data):
    rows, points, among, budget = chosen_from(data, row)
    choice = choose(among, points, budget, [PARAMS])
    fitting = {each.candidate.name for each in choice.chosen}
    ranked = {row["module"] for row in rows if row["status"] == "ok"}
    for each in among:
        kept = all(keeps(rows, points, each.name, limit) for limit in budget)
        everywhere = each.name in ranked and all(
            keeps(rows, points, each.name, lim) for lim in parse_budget("params<=99")
        )
        assert (each.name in fitting) == (kept and everywhere)
    rejected = {each.candidate.name for each in choice.rejected}
    assert fitting | rejected == {each.name for each in among}
    assert not fitting & rejected


@given(st.data())
@law
def test_the_front_is_made_of_what_keeps_the_budget(row, data):
    rows, points, among, budget = chosen_from(data, row)
    choice = choose(among, points, budget, [LATENCY, PARAMS], pareto=True)
    for each in choice.chosen:
        assert all(keeps(rows, points, each.candidate.name, limit) for limit in budget)
    fitting = choose(among, points, budget, [LATENCY, PARAMS]).chosen
    assert bool(choice.chosen) == bool([each for each in fitting if "params" in each.figures])


@given(st.data())
@law
def test_a_loosened_limit_holds_and_one_that_could_not_be_judged_is_not_loosened(row, data):
    _, points, among, budget = chosen_from(data, row)
    for each in among:
        for verdict in verdicts(each, budget, points, among):
            if verdict.holds:
                continue
            to = loosened(verdict)
            if to is None:
                assert verdict.span is None or verdict.ratio == float("inf")
            else:
                (again,) = verdicts(each, (to,), points, among)
                assert again.holds


@given(st.data())
@law
def test_what_would_have_to_give_lets_its_candidate_in(row, data):
    _, points, among, budget = chosen_from(data, row)
    choice = choose(among, points, budget, [PARAMS])
    for each in relaxations(choice):
        changes = dict(each.changes)
        relaxed = tuple(changes.get(limit, limit) for limit in budget)
        again = choose(among, points, relaxed, [PARAMS])
        assert each.candidate.name in {found.candidate.name for found in again.chosen}


def choice_of(rows, text, by=(LATENCY,), **more):
    points, among = candidates(rows, {})
    return choose(among, points, parse_budget(text), by, **more)


def test_a_noisy_win_is_no_win(row):
    rows = [
        row("se", latency=1e-3, ends=(0.9e-3, 1.3e-3)),
        row("eca", latency=1.1e-3, ends=(1.05e-3, 1.15e-3)),
    ]
    choice = choice_of(rows, "latency<=1.2ms")
    assert [each.candidate.name for each in choice.chosen] == ["eca"]


@pytest.mark.parametrize(
    ("latency", "fits", "is_open"),
    [(0.8e-3, True, False), (0.95e-3, False, True), (1.1e-3, False, True), (1.5e-3, False, False)],
)
def test_a_rough_figure_is_judged_by_how_wrong_it_may_be(row, latency, fits, is_open):
    choice = choice_of([row("se", latency=latency, ends=(None, None))], "latency<=1ms")
    assert bool(choice.chosen) == fits
    assert [each.is_provisional for each in choice.chosen] == [True] * fits
    assert [each.is_open for each in choice.rejected] == [is_open] * (not fits)


def test_a_figure_that_is_marked_rough_has_no_interval_to_be_judged_by(row):
    rough = row("se", latency=0.9e-3, ends=(0.89e-3, 0.91e-3)) | {"latency_ci_kind": "rough"}
    assert choice_of([rough], "latency<=1ms").rejected[0].is_open


@pytest.mark.parametrize(
    ("budget", "loose"),
    [
        ("latency<=100us", "latency<=830us"),
        ("params<=10", "params<=8.192k"),
        ("memory<=1MiB", "memory<=3.1MiB"),
        ("latency<=0.1x:eca", "latency<=9.2x:eca"),
    ],
)
def test_a_limit_that_is_proposed_is_a_round_number(row, budget, loose):
    se = row("se", latency=0.8e-3, ends=(0.7e-3, 823.6e-6), params=8192) | {"peak_memory_bytes": 3208643}
    eca = row("eca", latency=0.09e-3, ends=(0.0896e-3, 0.1e-3), params=3) | {"peak_memory_bytes": 1}
    points, among = candidates([se, eca], {})
    [verdict] = verdicts(among[0], parse_budget(budget), points, among)
    assert str(loosened(verdict)) == loose


def test_a_budget_must_hold_at_every_point(row):
    rows = [
        row("se", latency=1e-3),
        row("se", 256, latency=2e-3),
        row("eca", latency=1e-3),
        row("eca", 256, latency=1e-3),
    ]
    choice = choice_of(rows, "latency<=1.5ms")
    assert [each.candidate.name for each in choice.chosen] == ["eca"]
    assert choice.rejected[0].broken[0].point == "256@56"


def test_a_module_keeps_once_what_it_costs_itself_however_noisy(row):
    rows = [row("se", latency=1e-3, ends=(0.5e-3, 2e-3)), row("eca", latency=0.4e-3)]
    assert {each.candidate.name for each in choice_of(rows, "latency<=1x:se").chosen} == {"se", "eca"}
    assert {each.candidate.name for each in choice_of(rows, "latency<=0.99x:se").chosen} == {"eca"}


def test_a_limit_over_the_baseline_is_judged_by_the_ratio_that_processes_formed(row):
    formed = {"baseline": "se", "vs_baseline": 1.1, "vs_baseline_ci_low": 1.05, "vs_baseline_ci_high": 1.15}
    se = row("se", latency=1e-3, ends=(0.7e-3, 1.3e-3))
    eca = row("eca", latency=1.1e-3, ends=(0.8e-3, 1.4e-3))
    assert {each.candidate.name for each in choice_of([se, eca], "latency<=1.2x:se").chosen} == {"se"}
    both = choice_of([se, eca | formed], "latency<=1.2x:se")
    assert {each.candidate.name for each in both.chosen} == {"se", "eca"}
    assert {each.candidate.name for each in choice_of([se, eca | formed], "latency<=1.14x:se").chosen} == {
        "se"
    }
    of_another = choice_of([se, eca | formed | {"baseline": "gc"}], "latency<=1.2x:se")
    assert {each.candidate.name for each in of_another.chosen} == {"se"}


def test_figures_that_noise_cannot_tell_apart_share_a_rank(row):
    rows = [
        row("se", latency=1e-3, ends=(0.9e-3, 1.1e-3)),
        row("eca", latency=1.05e-3, ends=(1e-3, 1.2e-3)),
        row("cbam", latency=3e-3, ends=(2.9e-3, 3.1e-3)),
    ]
    assert [(each.rank, each.shared) for each in choice_of(rows, "").chosen] == [
        (1, True),
        (1, True),
        (3, False),
    ]


def test_more_images_a_second_are_better(row):
    rows = [row("se", latency=1e-3), row("eca", latency=0.5e-3)]
    choice = choice_of(rows, "throughput>=1.5k", by=(measures()["throughput"],))
    assert [each.candidate.name for each in choice.chosen] == ["eca"]
    assert str(loosened(choice.rejected[0].broken[0])) == "throughput>=1k"


def test_the_identity_is_no_choice_but_may_be_compared_with(row):
    rows = [row("none", family="floor", latency=1e-6), row("se", latency=1e-3)]
    assert [each.candidate.name for each in choice_of(rows, "").chosen] == ["se"]
    assert choice_of(rows, "latency<=2000x:none").chosen


def test_the_closest_is_the_one_whose_worst_excess_is_least(row):
    rows = [row("se", latency=2e-3, params=30), row("eca", latency=5e-3, params=5)]
    near = closest(choice_of(rows, "latency<=1ms, params<=10"))
    assert (near.candidate.name, near.over) == ("se", 3.0)


def test_one_limit_alone_is_loosened_where_that_suffices(row):
    rows = [row("se", latency=2e-3, params=30), row("eca", latency=5e-3, params=5)]
    (way,) = relaxations(choice_of(rows, "latency<=1ms, params<=10"))
    assert [(str(limit), str(to)) for limit, to in way.changes] == [("latency<=1ms", "latency<=5ms")]


def test_all_that_the_closest_breaks_is_loosened_where_no_single_limit_suffices(row):
    (way,) = relaxations(choice_of([row("se", latency=2e-3, params=30)], "latency<=1ms, params<=10"))
    assert {str(to) for _, to in way.changes} == {"latency<=2ms", "params<=30"}


def test_where_nothing_could_be_judged_nothing_is_closest(row):
    choice = choice_of([row("se", params=3)], "latency<=1ms")
    assert (closest(choice), relaxations(choice)) == (None, [])
    assert choice.rejected[0].broken[0].why == "not measured"


def test_a_limit_relative_to_a_module_that_the_run_has_not_is_a_mistake(row):
    with pytest.raises(UnknownNameError, match="no 'eca' in this run"):
        choice_of([row("se", latency=1e-3)], "latency<=2x:eca")


def test_what_is_off_the_front_says_who_is_better(row):
    rows = [row("se", params=3, macs=3), row("eca", params=1, macs=2), row("cbam", params=0, macs=9)]
    choice = choice_of(rows, "", by=(PARAMS, MACS), pareto=True)
    assert [each.candidate.name for each in choice.chosen] == ["cbam", "eca"]
    assert [each.why for each in choice.rejected] == ["dominated by eca"]


def test_a_budget_of_nought_is_kept_by_nought_alone(row):
    rows = [row("se", params=3), row("simam", params=0)]
    choice = choice_of(rows, "params<=0", by=(PARAMS,))
    assert [each.candidate.name for each in choice.chosen] == ["simam"]
    assert choice.rejected[0].over == float("inf")
    assert str(loosened(choice.rejected[0].broken[0])) == "params<=3"
