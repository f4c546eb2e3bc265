"""The time of a run is divided over its processes, and a process that would not fit is not begun. The clock is a
script."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.planning import plan
from attnprof.running.racing import SURE
from attnprof.running.timetable import (
    COUNTERS_SHARE,
    FIRST_SHARE,
    LEAST_SECONDS,
    LONG_FIRST,
    PLANNED_SECONDS,
    ROOM,
    ROUGH_SHARES,
    START_SECONDS,
    Timetable,
    expected_seconds,
    good_seconds,
    rough_seconds,
)
from attnprof.spec import Spec

law = settings(derandomize=True, deadline=None, max_examples=80)
latencies = st.lists(st.floats(1e-6, 2.0), min_size=1, max_size=60)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def timetable(clock=None, **asked):
    asked = {"modules": "se,eca", "counters": "none", **asked}
    return Timetable(plan(Spec(**asked), "cpu"), 100.0, clock or Clock())


def lived(takes, cells, counting=2.0, **asked):
    """The seconds of each process that was begun, and of the whole, where ``takes(process, part)`` seconds
    pass in each and a worker starts in START_SECONDS."""
    clock = Clock()
    times = timetable(clock, **asked)
    clock.now += counting
    times.first(cells)
    processes = times._plan.processes
    parts = []
    for process in range(processes):
        if process == 1:
            times.plan_rest(cells)
        if process and not times.begins(process, cells):
            break
        if process:
            clock.now += START_SECONDS
            times.worker_started(START_SECONDS)
        parts.append(times.effort(process, cells, cells).seconds)
        clock.now += takes(process, parts[-1])
    return parts, clock.now - 100.0


def test_a_rough_figure_takes_no_longer_than_a_good_one_and_a_dear_cell_two_calls():
    for latency in (1e-6, 1e-3, 9e-3, 2e-2, 0.2, 3.0):
        assert rough_seconds(latency) <= good_seconds(latency)
    assert rough_seconds(1.0) == pytest.approx(2.0, abs=0.01)


def test_a_budget_is_divided_equally_over_the_processes_and_ends_with_the_run():
    parts, total = lived(lambda process, part: part, [1e-3] * 4, time_budget="60s")
    assert len(parts) == 6
    assert parts[0] == pytest.approx((60 - 2) / 6)
    assert parts[1:] == pytest.approx([parts[1]] * 5)
    assert total == pytest.approx(60.0)


def test_a_first_process_that_overruns_leaves_the_others_less_and_the_budget_is_kept():
    parts, total = lived(
        lambda process, part: max(part, 30.0 if process == 0 else 0), [1e-3] * 50, time_budget="60s"
    )
    assert len(parts) >= 3
    assert total <= 1.1 * 60


@given(latencies, st.floats(5, 300), st.floats(0, 10), st.floats(0.1, 1.0))
@law
def test_no_process_is_begun_that_does_not_fit(cells, budget, counting, share):
    def takes(process, part):
        return min(part, rough) if process else share * budget * FIRST_SHARE

    rough = sum(map(rough_seconds, cells))
    parts, total = lived(takes, cells, counting, time_budget=f"{budget:.3f}s")
    if len(parts) > 1:
        assert total <= budget * (1 + 1e-3) + 1e-3


def test_the_first_process_begins_no_cell_when_the_others_would_have_no_time():
    clock = Clock()
    times = timetable(clock, time_budget="62s")
    clock.now += 2.0
    times.first([0.5] * 200)
    assert times.effort(0, [0.5], [0.5]).most == pytest.approx(0.6 * 60)


def test_a_single_process_has_all_the_time():
    times = timetable(time_budget="60s", quality="quick")
    times.first([1e-3])
    effort = times.effort(0, [1e-3], [1e-3])
    assert (effort.seconds, effort.most, effort.fewest) == (60.0, 60.0, 6)


def test_a_budget_that_the_start_has_used_up_still_measures_for_a_moment():
    clock = Clock()
    times = timetable(clock, time_budget="2s")
    clock.now += 4.0
    times.first([1e-3])
    effort = times.effort(0, [1e-3], [1e-3])
    assert (effort.seconds, effort.most) == (0.0, LEAST_SECONDS)
    assert not times.begins(1, [1e-3])


def test_without_a_budget_nothing_is_divided():
    parts, _ = lived(lambda process, part: 1e6, [1e-3], time_budget="none")
    assert parts == [inf] * 6


def test_a_run_that_plans_its_own_time_gives_a_few_cheap_cells_a_short_run():
    parts, total = lived(lambda process, part: part, [1e-3] * 3)
    assert len(parts) == 6
    assert total < 40


def test_a_run_that_plans_its_own_time_ends_in_time_for_readmes_command():
    rounds = lambda process, part: 30.0 if process == 0 else part  # noqa: E731
    parts, total = lived(rounds, [2e-3] * 54, counting=5.0, counters="fvcore,thop")
    assert len(parts) >= 5
    assert total <= PLANNED_SECONDS * 1.01


def test_a_long_first_process_is_followed_by_others_all_the_same():
    rounds = lambda process, part: 100.0 if process == 0 else part  # noqa: E731
    parts, total = lived(rounds, [5e-3] * 200, counting=5.0)
    assert len(parts) >= SURE
    assert total <= (LONG_FIRST + 0.2) * 105


# Milliseconds of a call of the modules at 64 and 256 channels on 56x56 pixels: every twentieth of a kept run.
CALLS = (0.3, 0.71, 0.99, 1.4, 2.1, 2.7, 3.1, 3.7, 4.9, 5.9, 7.6, 8.9, 13, 20, 28, 34, 42, 55, 110, 310)


def of_catalogue(modules):
    """Seconds of a call of so many modules at two sizes."""
    return [CALLS[place % len(CALLS)] * 1e-3 for place in range(2 * modules)]


def ended(modules):
    """When a run over a catalogue of so many modules ends, and the share that its rough figures have."""
    clock = Clock()
    cells = of_catalogue(modules)
    times = Timetable(plan(Spec(modules="se,eca", counters="none"), "cpu"), 100.0, clock)
    clock.now += START_SECONDS + 2.0 + 0.01 * len(cells)  # peaks and counting
    times.first(cells)
    effort = times.effort(0, cells, cells)
    clock.now += max(effort.seconds, sum(rough_seconds(each, effort.rough) for each in cells))
    times.process_ended(cells)
    racing = sorted(cells)[:50] + sorted(cells)[60::20]  # the cheapest of both sizes, and some of a front
    times.plan_rest(racing)
    for process in range(1, 6):
        if times.begins(process, racing):
            clock.now += START_SECONDS
            times.worker_started(START_SECONDS)
            later = times.effort(process, racing, racing)
            assert later.rough == 1.0
            clock.now += later.seconds
    return clock.now - 100.0, effort.rough


@given(st.integers(2, 200))
@law
def test_a_run_that_plans_its_own_time_ends_in_time_however_the_catalogue_grows(modules):
    seconds, _ = ended(modules)
    assert seconds <= PLANNED_SECONDS * 1.01


def test_the_more_cells_the_fewer_samples_of_a_rough_figure_down_to_a_quarter():
    shares = [ended(modules)[1] for modules in (10, 60, 110, 200, 2000)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0
    assert shares[-1] == ROUGH_SHARES[-1]


def test_rough_figures_of_other_runs_have_all_their_samples():
    cells = of_catalogue(200)
    for asked in (
        {"quality": "paper"},
        {"quality": "quick"},
        {"time_budget": "60s"},
        {"time_budget": "none"},
    ):
        times = timetable(**asked)
        times.first(cells)
        assert times.effort(0, cells, cells).rough == 1.0


def test_blocks_share_a_process_by_what_their_cells_deserve():
    times = timetable(time_budget="60s", quality="quick")
    cheap, dear = [1e-3] * 4, [3e-2] * 4
    times.first(cheap + dear)
    first = times.effort(0, cheap, cheap + dear).seconds
    assert first == pytest.approx(60 * sum(map(good_seconds, cheap)) / sum(map(good_seconds, cheap + dear)))


def test_the_other_counters_have_a_tenth_of_the_run():
    clock = Clock()
    times = timetable(clock, time_budget="50s", counters="fvcore")
    clock.now += 30.0
    assert times.counters_end() - clock.now == pytest.approx(COUNTERS_SHARE * 50)
    clock.now += 18.0  # where measuring took longer, they have what is left
    assert times.counters_end() - clock.now == pytest.approx(2.0)


@pytest.mark.parametrize(("budget", "all_fit"), [("20s", False), ("600s", True), ("none", True)])
def test_a_long_budget_holds_all_cells_in_every_process(budget, all_fit):
    assert timetable(time_budget=budget).holds([5e-3] * 160) is all_fit


def test_peaks_are_measured_only_where_that_leaves_time():
    assert timetable(time_budget="none").has_time_for_peaks()
    assert timetable(time_budget="30s").has_time_for_peaks()
    assert not timetable(time_budget="4s").has_time_for_peaks()


def test_on_a_machine_slower_than_reckoned_fewer_processes_are_begun():
    cells = [5e-3] * 100
    rough = sum(map(rough_seconds, cells))

    def begun(first):
        """How many processes after a first one that took so long, each of which takes its part."""
        clock = Clock()
        times = timetable(clock, time_budget="60s")
        times.first(cells)
        clock.now += first
        times.process_ended(cells)
        number = 0
        for process in range(1, 4):
            if not times.begins(process, cells):
                break
            clock.now += times.effort(process, cells, cells).seconds
            number += 1
        return number

    assert begun(2 * rough) < begun(rough)


def test_a_block_may_begin_cells_as_long_as_the_others_can_have_rough_figures():
    cells = [5e-3] * 50
    times = timetable(time_budget="100s", quality="quick")
    times.first(3 * cells)
    of_first = times.effort(0, cells, 3 * cells)
    assert of_first.most == pytest.approx(100 - ROOM * 2 * 50 * rough_seconds(5e-3))
    assert of_first.most > of_first.seconds
    short = timetable(time_budget="10s", quality="quick")
    short.first(3 * cells)
    assert short.effort(0, cells, 3 * cells).most == pytest.approx(10 / 3)


def test_what_is_left_out_moves_every_end_and_is_part_of_the_forecast():
    clock = Clock()
    times = timetable(clock, time_budget="60s")
    times.first([1e-3])
    before = times.effort(0, [1e-3], [1e-3])
    clock.now += 100
    times.leave_out(100)
    assert times.elapsed == 0
    assert times.effort(0, [1e-3], [1e-3]) == before
    assert times.forecast([1e-3], 0) == 160
    assert times.begins(1, [1e-3])


def test_processes_that_there_may_be_time_for_are_those_of_rough_figures():
    assert timetable(time_budget="none").processes_left([1e-3], 0) == 6
    assert timetable(time_budget="60s").processes_left([1e-3], 2) == 4
    assert timetable(time_budget="7s").processes_left([1e-3], 0) == 3


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [({"time_budget": "30s"}, 30, 30), ({}, 5, 60), ({"quality": "paper", "modules": "all"}, 60, 600)],
)
def test_what_a_run_will_take_is_expected_before_anything_is_counted(asked, least, most):
    asked = {"modules": "se,eca", "channels": "64", "res": "56", "counters": "none", **asked}
    assert least <= expected_seconds(plan(Spec(**asked), "cpu")) <= most
