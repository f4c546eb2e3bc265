"""Cells in rounds, driven by a scripted machine: fair shares, random order, every fault its own row. No time
passes."""

import time
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.measuring.rounds import (
    CUT_SHORT,
    MOST_VISITS,
    REFERENCE_SHARE,
    REST_SHARE,
    Effort,
    Rounds,
)
from attnprof.measuring.timing import timed_of
from attnprof.measuring.trial import ENOUGH_VISITS, SAMPLES, rough_samples
from tests.measuring.machine import Machine, Script, hot, trial

law = settings(derandomize=True, deadline=None, max_examples=40)


def measured(scripts, effort, machine=None, **more):
    """The trials of ``scripts`` as they came, by key."""
    machine = machine or Machine()
    trials = [trial(script, key) for key, script in scripts.items()]
    rounds = Rounds(machine, trials, effort, clock=machine.clock, rest=machine.rest, **more)
    return {found.key: found for found in rounds}


def noisy(seconds=1e-3, share=0.2):
    return Script(lambda n: seconds * (1 + share * (-1) ** n))


def test_no_clock_is_read_and_no_real_time_passes(monkeypatch):
    def read(*_):
        raise AssertionError("a clock was read")

    with monkeypatch.context() as patch:
        for name in ("perf_counter", "monotonic", "thread_time", "process_time", "sleep"):
            patch.setattr(time, name, read)
        found = measured({"a": noisy(), "b": noisy()}, Effort(3600.0))
    assert [each.visits for each in found.values()] == [MOST_VISITS] * 2


def test_steady_cells_are_left_at_the_precision():
    found = measured({key: Script() for key in "abc"}, Effort(3600.0))
    assert {each.visits for each in found.values()} == {ENOUGH_VISITS}
    assert all(each.timing().flags == () for each in found.values())


def test_noisy_cells_share_the_budget_equally_and_spend_it():
    machine = Machine()
    found = measured({"a": noisy(1e-4), "b": noisy(5e-3), "c": noisy(2e-2)}, Effort(9.0), machine)
    assert 8.5 <= machine.now <= 9.1
    assert [each.used for each in found.values()] == pytest.approx([3.0] * 3, rel=0.06)


def test_a_cell_dearer_than_its_share_gets_its_fewest_visits_and_the_cheap_ones_do_not_starve():
    found = measured({"dear": noisy(1.0), **{key: noisy(1e-4) for key in "abcd"}}, Effort(8.0))
    assert found["dear"].timing().taken <= 2
    cheap = [found[key] for key in "abcd"]
    assert min(each.visits for each in cheap) > 50
    assert max(each.used for each in cheap) == pytest.approx(min(each.used for each in cheap), rel=0.1)


@pytest.mark.parametrize("fewest", [1, 3])
def test_a_spent_budget_still_gives_everybody_the_fewest_samples(fewest):
    found = measured({"a": noisy(0.5), "b": noisy(1.0)}, Effort(0.0, fewest=fewest))
    assert [each.timing().taken for each in found.values()] == [fewest, fewest]


@pytest.mark.parametrize(("seconds", "samples"), [(1e-5, 16), (5e-3, 16), (2e-2, 3), (0.1, 1), (3.0, 1)])
def test_a_spent_budget_still_gives_a_rough_figure_of_fewer_samples_the_dearer_a_call(seconds, samples):
    found = measured({"a": noisy(seconds), "other": noisy(1e-4)}, Effort(0.0))
    assert found["a"].timing().taken == samples


def test_a_dear_call_is_made_twice_and_the_first_call_warms_it_up():
    dear = Script(lambda n: 0.2)
    found = measured({"dear": dear, "cheap": noisy(1e-4)}, Effort(0.0))
    assert dear.asked == [1, 1]
    assert found["dear"].timing().flags == ()


def test_a_call_that_is_dear_only_at_first_is_warmed_up_like_any_other():
    found = measured({"a": Script(lambda n: 0.2 if n == 0 else 1e-3)}, Effort(0.0))
    assert found["a"].timing().samples == pytest.approx([1e-3] * rough_samples(1e-3))


def test_cheap_cells_have_their_fewest_samples_before_a_dear_one_has_its_second():
    machine, dear, cheap = Machine(), noisy(0.2), noisy(1e-3)
    measured({"cheap": cheap, "dear": dear}, Effort(30.0), machine)
    second = [n for n, call in enumerate(machine.visited) if call is dear][2]
    calls = [call for call in machine.visited[:second] if call is cheap]
    assert len(calls) >= rough_samples(1e-3)


def test_no_cell_is_begun_that_would_not_fit_any_more_and_those_begun_have_their_samples():
    scripts = {str(n): noisy(0.1 * 2**n, share=0) for n in range(6)}
    machine = Machine()
    found = measured(scripts, Effort(0.0, most=4.0), machine)
    assert list(found) == ["0", "1", "2", "3"]
    assert machine.now <= 4.0
    assert scripts["4"].asked == []


def test_the_first_cell_is_begun_however_little_time_there_is():
    found = measured({"a": noisy(0.5), "b": noisy(0.5)}, Effort(0.0, most=0.0))
    assert list(found) == ["a"]


def test_time_is_kept_for_the_call_that_weighs_each_cell():
    scripts = {str(n): noisy(1.0, share=0) for n in range(4)}
    assert len(measured(scripts, Effort(0.0, most=9.1))) == 4
    assert len(measured(scripts, Effort(0.0, most=9.1, weighed=True))) == 3


def with_baseline(scripts, baseline, effort, machine=None):
    machine = machine or Machine()
    base = trial(baseline, "")
    return measured(scripts, effort, machine, baseline=base), base, machine


def test_the_baseline_is_visited_four_times_in_a_round_and_is_not_reported():
    scripts = {str(n): noisy(1e-3) for n in range(12)}
    found, base, _ = with_baseline(scripts, noisy(1e-3), Effort(20.0))
    assert set(found) == set(scripts)
    visits = [each.visits for each in found.values()]
    assert 3.5 * max(visits) <= base.visits <= 5 * max(visits)


def test_every_round_of_a_cell_has_samples_of_the_baseline():
    scripts = {str(n): noisy(1e-3) for n in range(5)}
    found, base, _ = with_baseline(scripts, noisy(1e-3), Effort(5.0))
    rounds = {turn for turn, _ in timed_of(base.taken)}
    assert all({turn for turn, _ in timed_of(each.taken)} <= rounds for each in found.values())


def test_a_dear_baseline_takes_no_more_than_its_share():
    scripts = {str(n): noisy(1e-4) for n in range(5)}
    _, base, machine = with_baseline(scripts, noisy(0.4), Effort(20.0))
    assert base.used <= 0.3 * machine.now + 2.0


def test_a_baseline_that_fails_harms_nobody():
    found, base, _ = with_baseline({"a": Script()}, Script(raises=lambda n: ValueError("no")), Effort(1.0))
    assert found["a"].visits == ENOUGH_VISITS
    assert base.problem


def test_a_long_first_call_is_on_nobodys_share():
    compiled = Script(lambda n: 30.0 if n == 0 else 1e-3 * (1 + 0.2 * (-1) ** n))
    found = measured({"compiled": compiled, "a": noisy()}, Effort(40.0))
    assert found["compiled"].used == pytest.approx(found["a"].used, rel=0.1)


def test_what_a_finished_cell_leaves_goes_to_the_others():
    found = measured({"steady": Script(), "noisy": noisy()}, Effort(3.0))
    assert found["noisy"].used > 2.5


def test_the_order_changes_from_round_to_round_and_is_the_seeds():
    def order(seed):
        machine, scripts = Machine(), {key: noisy() for key in "abcd"}
        measured(scripts, Effort(0.5, seed=seed), machine)
        names = {id(script): key for key, script in scripts.items()}
        visited = [names[id(call)] for call in machine.visited]
        return [key for key, before in zip(visited[1:], visited, strict=False) if key != before]

    assert order(1) == order(1) != order(2)
    following = set(zip(order(1), order(1)[1:], strict=False))
    assert len(following) > 8  # of 12: nearly each has come after each other


def test_cells_are_visited_alternately_so_that_what_happens_meets_all_of_them():
    machine = Machine()
    # The machine becomes a fifth slower in the middle of it: the ratio of the two does not.
    slow = lambda: 1.2 if machine.now > 2.5 else 1.0  # noqa: E731
    scripts = {"a": 1e-3, "b": 3e-3}
    scripts = {key: Script(lambda n, s=s: s * slow() * (1 + 1e-3 * (n % 2))) for key, s in scripts.items()}
    found = measured(scripts, Effort(5.0, precision=1e-9), machine)
    a, b = (median(found[key].timing().samples) for key in "ab")
    assert b / a == pytest.approx(3, rel=0.21)
    assert all("drift" in each.timing().flags for each in found.values())


def test_dear_cells_are_spread_over_the_whole_time():
    machine = Machine()
    dear = noisy(0.05)
    measured({"dear": dear, "cheap": noisy(1e-4)}, Effort(10.0), machine)
    places = [n for n, call in enumerate(machine.visited) if call is dear]
    assert places[-1] > 0.9 * len(machine.visited)


FAULTS = [ValueError("no"), MemoryError(), RuntimeError("CUDA error: device-side assert triggered")]


@pytest.mark.parametrize("problem", FAULTS, ids=lambda problem: type(problem).__name__)
@pytest.mark.parametrize("at", [0, 3, 30])
def test_what_a_cell_raises_is_its_own_and_the_others_go_on(problem, at):
    broken = Script(raises=lambda n: problem if n == at else None)
    found = measured({"broken": broken, "a": Script(), "b": noisy()}, Effort(1.0))
    assert found["broken"].problem is problem
    assert found["broken"].call is None
    assert found["a"].visits == ENOUGH_VISITS
    assert found["b"].visits > ENOUGH_VISITS
    assert len(broken.asked) == at + 1


def test_a_cell_that_cannot_be_built_is_its_own_row():
    def fail():
        raise TypeError("no")

    machine = Machine()
    trials = [trial(key="broken", prepare=fail), trial(Script(), "a")]
    found = {each.key: each for each in Rounds(machine, trials, Effort(1.0), clock=machine.clock)}
    assert str(found["broken"].problem) == "no"
    assert found["a"].problem is None


def test_a_failed_cell_is_told_at_once_and_a_finished_one_before_the_end():
    scripts = {"broken": Script(raises=lambda n: ValueError("no")), "steady": Script(), "noisy": noisy()}
    assert list(measured(scripts, Effort(2.0))) == ["broken", "steady", "noisy"]


def test_stopping_ends_it_after_the_visit_at_hand_and_keeps_what_has_samples_enough():
    machine = Machine()
    found = measured({"a": noisy(), "b": noisy()}, Effort(3600.0), machine, stop=lambda: machine.now > 4.0)
    assert set(found) == {"a", "b"}
    assert all(each.visits >= CUT_SHORT for each in found.values())
    assert machine.now < 4.0 + (4 + SAMPLES) * 1.2e-3  # another four calls warm it up


def test_stopping_early_leaves_out_what_was_cut_short():
    scripts = {"a": noisy(), "b": noisy()}
    assert measured(scripts, Effort(3600.0), stop=lambda: bool(scripts["b"].asked)) == {}


def test_a_cell_is_left_with_what_it_has_when_its_time_is_up():
    found = measured({"slow": noisy(1.0), "fast": noisy(1e-3)}, Effort(100.0, each=8.0))
    assert found["slow"].used < 8 + 3.7
    assert "slow" in found


def test_the_reference_is_visited_all_along_and_takes_next_to_nothing():
    machine, script = Machine(), Script(lambda n: 3e-4)
    reference = trial(script, "")
    found = measured({"a": noisy(), "b": noisy()}, Effort(4.0), machine, reference=reference)
    assert "" not in found
    assert reference.visits > 10
    assert reference.used < 1.5 * REFERENCE_SHARE * 4.0
    places = [n for n, call in enumerate(machine.visited) if call is script]
    assert places[-1] > 0.9 * len(machine.visited)


def test_a_reference_that_fails_harms_nobody():
    reference = trial(Script(raises=lambda n: ValueError("no")), "")
    assert measured({"a": Script()}, Effort(1.0), reference=reference)["a"].visits == ENOUGH_VISITS


def test_a_device_that_slows_itself_is_given_rest_and_its_samples_are_left_out():
    machine = Machine(conditions=lambda n: hot(throttled=n % 5 == 4))
    found = measured({"a": noisy(), "b": noisy()}, Effort(20.0), machine)
    assert machine.rested
    assert sum(machine.rested) <= REST_SHARE * 20.0 + 0.5
    timing = found["a"].timing()
    assert "throttled" in timing.flags
    assert len(timing.samples) < timing.taken


@given(
    st.lists(st.tuples(st.floats(1e-6, 0.5), st.floats(0, 0.5), st.floats(0, 3)), min_size=1, max_size=8),
    st.floats(0, 5),
    st.integers(1, 4),
    st.integers(0, 9),
)
@law
def test_whatever_the_cells_are_each_comes_once_and_the_budget_is_kept(cells, budget, fewest, seed):
    machine = Machine()
    scripts = {
        str(n): Script(lambda k, s=s, w=w: s * (1 + w * (k % 3)), lambda k, l=l: l * (k % 2))  # noqa: E741
        for n, (s, w, l) in enumerate(cells)  # noqa: E741
    }
    found = measured(scripts, Effort(budget, fewest=fewest, seed=seed), machine)
    assert sorted(found) == sorted(scripts)
    assert all(each.timing().taken >= fewest for each in found.values())
    # First call, two blocks, and the fewest samples are everybody's, whatever the budget.
    dearest = [s * (1 + 2 * w) * (1 + l) for s, w, l in cells]  # noqa: E741
    needed = sum((4 + (rough_samples(0.0) + 1) * (1 + SAMPLES)) * max(d, 2.5e-2) for d in dearest)
    assert machine.now <= budget + needed
