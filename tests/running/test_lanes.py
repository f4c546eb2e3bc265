"""A run on several lanes: the counts of a plain run, every cell once whatever becomes of a lane, and one kind of
device in a block. Workers are scripts."""

from collections import Counter
from threading import Lock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.errors import EnvironmentProblem
from attnprof.launchers import Lane
from attnprof.planning import plan
from attnprof.planning.shards import block_of
from attnprof.records.environment import joined
from attnprof.records.record import AccountEvent, DoneEvent, Event, VisitEvent, fold
from attnprof.running import hello, run
from attnprof.running.client import WorkerGone
from attnprof.running.dealing import LEAST_SECONDS, Dealer, blocks_of
from attnprof.running.hello import greeted
from attnprof.running.lane_progress import LanesProgress
from attnprof.running.lanes import LOSSES, Group, LanesRun
from attnprof.running.protocol import AccountRequest, Failure, LaneEvent, SetupRequest
from attnprof.running.timetable import expected_seconds
from attnprof.spec import Spec
from attnprof.worker.server import respond_about_case
from tests.running.test_run import Script, good

law = settings(derandomize=True, deadline=None, max_examples=15)
SETUP = SetupRequest("cpu")
HOST = {"attnprof_version": "1", "torch_version": "2", "device_name": "chip"}


def planned(device="cpu", **asked):
    usual = {"modules": "se,eca,none", "channels": "16,32,64", "res": "8", "counters": "none"}
    usual |= {"metrics": "params,macs"} if device == "meta" else {"metrics": "params,latency"}
    return plan(Spec(**{**usual, **asked}), device)


class Place:
    """A lane's place: it starts scripts, has one at a time, and is gone after so many requests."""

    def __init__(self, name, requests=10**9, reply=good, **environment):
        self.name, self.left, self.reply = name, requests, reply
        self.environment = {**HOST, **environment}
        self.workers, self.closed, self.problem = [], False, ""
        self.lane = Lane(name, self.open)

    def open(self, setup):
        if self.left <= 0:
            raise EnvironmentProblem(f"{self.name} is gone")
        if any(not worker.dead for worker in self.workers):
            self.problem = "two workers at a time"
        environment = {"device": setup.device, **self.environment}
        self.workers.append(Script(self._answer, **environment))
        return self.workers[-1]

    def _answer(self, request):
        self.left -= 1
        return self.reply(request) if self.left >= 0 else [WorkerGone("crashed", "cut")]


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    monkeypatch.setattr(hello, "Worker", lambda setup, launch: launch(setup))


def on(places, resolved, earlier=(), before=None):
    """A run of ``resolved`` on ``places``."""
    lanes, _ = greeted([place.lane for place in places], SetupRequest(resolved.device), before=before)
    runs = {**(before or {}).get("runs", {}), **{lane.run_id: lane.environment for lane in lanes}}
    return LanesRun([Group(resolved, lanes, earlier)], {**joined(runs)})


def lasting(events):
    return [event for event in events if isinstance(event, Event)]


def figures(events):
    return {event.key: event.measurements for event in events if isinstance(event, AccountEvent)}


def test_the_counts_of_two_lanes_are_those_of_a_plain_run_to_the_digit(monkeypatch):
    resolved = planned("meta", modules="se,eca,cbam")
    monkeypatch.setattr(
        "attnprof.running.start_worker", lambda setup: Script(lambda r: [respond_about_case(r)])
    )
    plain = list(run(resolved))
    lock = Lock()  # a worker counts in a process of its own

    def reply(request):
        with lock:
            return [respond_about_case(request)]

    laned = list(on([Place("one", reply=reply), Place("two", reply=reply)], resolved))
    assert figures(laned) == figures(plain)
    assert Counter(event.key for event in laned if isinstance(event, DoneEvent)) == dict.fromkeys(
        (cell.case.key for cell in resolved.cells), 1
    )


def test_a_block_is_measured_by_one_lane_whole_by_one_worker_at_a_time():
    places = [Place("one"), Place("two")]
    resolved = planned()
    events = lasting(on(places, resolved))
    cases = {cell.case.key: cell.case for cell in resolved.cells}
    owners = {(block_of(cases[event.key]), event.run) for event in events}
    assert len(owners) == len({block for block, _ in owners}) == 3
    assert [place.problem for place in places] == ["", ""]
    assert all(worker.dead for place in places for worker in place.workers)
    assert all(record.status == "ok" for record in fold(events))


@law
@given(st.integers(0, 30), st.integers(0, 30), st.booleans())
def test_whatever_lanes_are_lost_every_cell_ends_once_or_stays_open(first, second, is_timed):
    resolved = planned() if is_timed else planned("meta")
    places = [Place("one", first), Place("two", second)]
    try:
        this = on(places, resolved)
        events = lasting(this)
    except EnvironmentProblem:
        assert first == second == 0
        return
    ends = Counter(event.key for event in events if isinstance(event, DoneEvent))
    assert set(ends.values()) <= {1}
    assert this.stop == (len(ends) < len(resolved.cells))
    records = Counter(record.case.key for record in fold(events))
    assert set(records.values()) <= {1}
    third = Place("three")
    again = on([third], resolved, events, this.environment)
    whole = events + lasting(again)
    assert Counter(event.key for event in whole if isinstance(event, DoneEvent)) == dict.fromkeys(
        (cell.case.key for cell in resolved.cells), 1
    )
    assert Counter(record.case.key for record in fold(whole)) == dict.fromkeys(
        (cell.case.key for cell in resolved.cells), 1
    )


def test_what_a_lost_lane_measured_of_an_open_cell_does_not_count():
    resolved = planned(channels="16", quality="paper", time_budget="none")
    counts_and_one_process = 3 + 1
    lost, other = Place("lost", counts_and_one_process), Place("other")
    events = lasting(on([lost], resolved))
    assert {event.key for event in events if isinstance(event, VisitEvent)}
    this = on([other], resolved, events)
    moved = lasting(this)
    accounts = [event for event in moved if isinstance(event, AccountEvent)]
    assert {event.replaces for event in accounts} == {events[0].run}
    records = fold(events + moved)
    assert {record.run for record in records} == {moved[0].run}
    assert {record.value("processes") for record in records} == {6}


def test_the_same_lane_goes_on_where_it_was():
    resolved = planned(channels="16", quality="paper", time_budget="none")
    this = on([Place("one", 3 + 1)], resolved)
    events = lasting(this)
    again = Place("one")
    more = lasting(on([again], resolved, events, this.environment))
    assert {event.run for event in more} == {events[0].run}
    visits = [event for event in events + more if isinstance(event, VisitEvent)]
    assert set(Counter((event.key, event.process) for event in visits).values()) == {1}


def test_a_lane_that_is_lost_twice_gets_no_more_and_says_why():
    this = on([Place("one", 2)], planned())
    losses = [
        event for event in this if isinstance(event, LaneEvent) and event.state not in ("begins", "ends")
    ]
    assert [event.state for event in losses] == ["lost", "retired"]
    assert len(losses) == LOSSES
    assert [run.get("retired") for run in this.environment["runs"].values()] == ["one is gone"]
    assert this.stop


def test_lanes_that_differ_from_the_first_are_refused_by_name():
    places = [
        Place("one"),
        Place("two", torch_version="3"),
        Place("three", attnprof_version="0"),
        Place("four"),
    ]
    lanes, refusals = greeted([place.lane for place in places], SETUP)
    assert [lane.name for lane in lanes] == ["one", "four"]
    assert refusals == {
        "two": "torch_version is 3, and 2 in one",
        "three": "attnprof_version is 0, and 1 in one",
    }
    assert [worker.dead for worker in places[1].workers] == [True]
    lanes, refusals = greeted([place.lane for place in places], SETUP, is_mixed=True)
    assert [lane.name for lane in lanes] == ["one", "two", "four"]
    assert list(refusals) == ["three"]


def test_lanes_that_share_cores_are_refused_where_processors_are_measured():
    places = [
        Place(str(n), core_numbers=[f"a:{core}" for core in cores])
        for n, cores in enumerate(["01", "12", "23"])
    ]
    lanes, refusals = greeted([place.lane for place in places], SETUP)
    assert [lane.name for lane in lanes] == ["0", "2"]
    assert refusals["1"].startswith("it has cores of 0")
    counting, refusals = greeted([place.lane for place in places], SetupRequest("meta"))
    assert (len(counting), refusals) == (3, {})


def test_a_run_goes_on_with_lanes_of_its_own_kind_alone():
    this = on([Place("one", 2)], planned())
    list(this)
    with pytest.raises(EnvironmentProblem, match="two: device_name is other, and chip in the run"):
        on([Place("two", device_name="other")], planned(), before=this.environment)


def test_two_runs_have_no_device_in_common_from_their_hello_to_their_end(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTNPROF_LOCKS", str(tmp_path))

    def lanes():
        return [Place(f"gpu{n}", device_uuid=f"u{n}").lane for n in range(2)]

    first, _ = greeted(lanes()[:1], SETUP)
    second, refusals = greeted(lanes(), SETUP)
    assert [lane.name for lane in second] == ["gpu1"]
    assert refusals == {"gpu0": "a lane of another run holds it; wait, or --allow-busy"}
    first[0].close()
    third, _ = greeted(lanes()[:1], SETUP)
    assert [lane.name for lane in third] == ["gpu0"]
    for lane in (*second, *third):
        lane.close()


def test_no_lane_at_all_is_a_problem_of_the_machine():
    with pytest.raises(EnvironmentProblem, match="one: one is gone; two: two is gone"):
        on([Place("one", 0), Place("two", 0)], planned())


def test_a_run_that_is_stopped_ends_after_the_visits_at_hand_and_closes_its_lanes():
    places = [Place("one"), Place("two")]
    this = on(places, planned())
    events = []
    for event in this:
        events.append(event)
        this.stop = True
    assert this.stop
    assert all(worker.dead for place in places for worker in place.workers)
    ends = Counter(event.key for event in events if isinstance(event, DoneEvent))
    assert set(ends.values()) <= {1}


def test_a_failure_ends_all_lanes_where_the_first_is_to_end_the_run():
    def failing(request):
        if isinstance(request, AccountRequest):
            return [Failure(request.case.key, "failed", "no")]
        return good(request)

    this = on([Place("one", reply=failing)], planned(fail_fast=True))
    events = lasting(this)
    assert {event.status for event in events if isinstance(event, DoneEvent)} == {"failed"}
    assert len(events) < len(this.plan.cells)
    assert not this.stop


@law
@given(st.floats(1, 1000), st.integers(1, 4), st.floats(0, 900))
def test_a_block_has_its_share_of_what_is_left_of_the_budget(budget, lanes, elapsed):
    resolved = planned(time_budget=f"{budget}s")
    blocks = blocks_of(resolved, lanes)
    expected = {block: block.seconds for block in blocks}
    dealer = Dealer(resolved, blocks, lanes)
    taken = [dealer.take(elapsed) for _ in range(3)]
    assert dealer.take(elapsed) is None
    remaining = max(LEAST_SECONDS, budget - elapsed)
    assert all(LEAST_SECONDS <= block.plan.time_budget <= remaining + 1e-9 for block in taken)
    assert taken[-1].plan.time_budget == pytest.approx(remaining)
    assert [expected[block] for block in taken] == sorted(expected.values(), reverse=True)


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_a_run_that_plans_its_own_time_takes_as_long_on_several_lanes_with_half_a_minute_a_size_at_least(
    lanes,
):
    resolved = planned(channels="16,32,64,128,256,512")
    blocks = blocks_of(resolved, lanes)
    dealer = Dealer(resolved, blocks, lanes)
    assert dealer.seconds == pytest.approx(max(expected_seconds(resolved), 30 * 6 / lanes), rel=0.3)
    assert all(block.plan.time_budget >= 30 and not block.plan.auto_budget for block in blocks)
    few = blocks_of(resolved, 6)
    Dealer(resolved, few, 6)
    assert all(block.plan.auto_budget for block in few)


def test_progress_has_a_line_for_each_block_of_a_lane_and_the_whole():
    progress = LanesProgress(30)
    assert progress.see(LaneEvent("gpu0", "H200", "begins", "64@56x56, 20 cells", 80.0)) == []
    assert progress.line() == "0/30 cells, 1:20 left  gpu0 64@56x56, 20 cells"
    assert progress.see(LaneEvent("gpu0", "H200", "ends", "64@56x56, 20 cells", 5.0)) == [
        "gpu0 (H200): 64@56x56, 20 cells done; 0/30 cells, 0:05 left"
    ]
    assert progress.see(LaneEvent("gpu1", "", "retired", "cut")) == [
        "gpu1: lost twice, and gets no more: cut; 0/30 cells"
    ]
