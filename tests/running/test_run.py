"""Every planned cell ends in exactly one row, whatever its module does to the worker, and is measured by
fresh processes."""

import csv
from collections import Counter, deque

import msgspec
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.counting import cost
from attnprof.measuring.bound import Peaks
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.records.record import (
    SPOILING,
    AccountEvent,
    DoneEvent,
    Event,
    Footprint,
    Measurement,
    VisitEvent,
    account_event,
    done_event,
    fold,
    visit_event,
)
from attnprof.running import run
from attnprof.running.client import WorkerGone
from attnprof.running.counting import LOST
from attnprof.running.protocol import (
    AccountRequest,
    BeginEvent,
    EndResponse,
    Failure,
    FinishRequest,
    MeasureRequest,
    PeaksEvent,
    PeaksRequest,
    PhaseEvent,
    StepEvent,
)
from attnprof.spec import Spec
from attnprof.subject.counts import Counted
from attnprof.worker.server import respond_about_case

law = settings(derandomize=True, deadline=None, max_examples=60)

# name -> (what its forward does, on which tensors); the order is the one on the command line
REAL, META = "if not x.is_meta:\n    ", "if x.is_meta:\n    "
FAULTS = {
    "segfaults": REAL + "os.kill(os.getpid(), signal.SIGSEGV)",
    "killed": REAL + "os.kill(os.getpid(), signal.SIGKILL)",
    "hangs": REAL + "while True: time.sleep(1)",
    "raises": REAL + "raise ValueError('no tensor\\nsecond line')",
    "greedy": REAL + "torch.zeros(2**30)",
    "prints": "print('printed'); os.write(1, b'written\\n'); os.write(2, b'complained\\n')",
    "segfaults_on_meta": META + "os.kill(os.getpid(), signal.SIGSEGV)",
    "raises_on_meta": META + "raise TypeError('no shape')",
}
FINE = ("none", "prints", "se", "eca")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory, plugin_package, module_source):
    modules = {name: module_source(body) for name, body in FAULTS.items()}
    modules["traced"] = module_source("if torch.jit.is_tracing():\n    os.kill(os.getpid(), signal.SIGSEGV)")
    return plugin_package(tmp_path_factory.mktemp("faulty"), {"attnprof.modules": modules})


@pytest.fixture(scope="module")
def ruin(faulty, tmp_path_factory, command):
    folder = tmp_path_factory.mktemp("ruin")
    asked = f"-m {','.join([*FAULTS, 'none', 'se', 'eca'])} --channels 16 --res 8 --counters none"
    # No bound: it would measure the machine's peaks first.
    asked += " --metrics params,macs,latency,peak_memory --format csv -o out"
    # Of the time budget the faults take ten seconds.
    limits = "--timeout 4s --memory-limit 512MiB --time-budget 60s --quality quick --precision 50%"
    done = command("run", *asked.split(), *limits.split(), cwd=folder, env=faulty)
    assert done.stdout, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    return done, rows, {row["module"]: row for row in rows}


@pytest.mark.slow
def test_every_cell_has_exactly_one_row_whatever_its_module_does(ruin):
    _, rows, _ = ruin
    assert Counter(row["module"] for row in rows) == dict.fromkeys([*FAULTS, "none", "se", "eca"], 1)


@pytest.mark.slow
def test_a_run_in_which_a_cell_failed_ends_in_exit_code_3_and_no_traceback(ruin):
    done, _, _ = ruin
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "status", "reason"),
    [
        ("segfaults", "crashed", "the worker was killed by SIGSEGV"),
        ("killed", "crashed", "the worker was killed by SIGKILL (out of memory?)"),
        ("hangs", "timeout", "no answer within 4 s; the worker was stopped"),
        ("raises", "failed", "ValueError: no tensor"),
        ("segfaults_on_meta", "crashed", "the worker was killed by SIGSEGV"),
        ("raises_on_meta", "failed", "TypeError: no shape"),
    ],
)
def test_a_fault_is_a_row_with_its_status_and_its_reason(ruin, module, status, reason):
    row = ruin[2][module]
    assert (row["status"], row["reason"], row["latency_s"]) == (status, reason, "")


@pytest.mark.slow
def test_more_than_the_memory_limit_is_an_out_of_memory_row(ruin):
    row = ruin[2]["greedy"]
    assert row["status"] == "oom"
    assert "allocate" in row["reason"]


@pytest.mark.slow
@pytest.mark.parametrize("module", FINE)
def test_the_other_cells_are_measured_as_if_nothing_had_happened(ruin, module):
    row = ruin[2][module]
    assert (row["status"], row["reason"]) == ("ok", "")
    assert float(row["latency_s"]) > 0
    assert int(row["peak_memory_bytes"]) >= 0


@pytest.mark.slow
def test_what_a_module_prints_is_neither_on_stdout_nor_in_the_protocol(ruin):
    done, _, _ = ruin
    for word in ("printed", "written", "complained"):
        assert word not in done.stdout
        assert word not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("module", ["segfaults", "killed", "hangs", "raises", "greedy"])
def test_what_was_counted_before_the_fault_is_kept(ruin, module):
    assert (ruin[2][module]["params"], ruin[2][module]["macs"]) == ("0", "0")


@pytest.mark.slow
@pytest.mark.parametrize("module", ["segfaults_on_meta", "raises_on_meta"])
def test_a_module_that_could_not_be_counted_has_no_counts(ruin, module):
    assert (ruin[2][module]["params"], ruin[2][module]["macs"]) == ("", "")


def test_a_counter_that_kills_the_worker_costs_its_own_column_alone(faulty, tmp_path, command):
    asked = ["count", "-m", "traced,se", "--points", "16@8", "--counters", "fvcore,thop", "--format", "csv"]
    done = command(*asked, cwd=tmp_path, env=faulty)
    rows = {row["module"]: row for row in csv.DictReader(done.stdout.splitlines())}
    assert done.returncode == 0
    assert (rows["traced"]["status"], rows["traced"]["macs"], rows["traced"]["fvcore_macs"]) == (
        "ok",
        "0",
        "",
    )
    assert rows["se"]["fvcore_macs"]


# From here on the worker is a script: nothing is started, and nothing waits.


class Script:
    """A worker that responds as scripted: ``reply(request)`` gives responses, or what it dies of."""

    def __init__(self, reply, **environment):
        self.reply, self.requests, self.dead, self.waited = reply, [], False, []
        self.waiting = deque()
        self.environment = {"device": "cpu", **environment}

    def send(self, request):
        assert not self.dead
        self.requests.append(request)
        if not isinstance(request, FinishRequest):
            self.waiting.extend(self.reply(request))

    def receive(self, timeout):
        assert not self.dead
        self.waited.append(timeout)
        event = self.waiting.popleft()
        if isinstance(event, Exception):
            self.dead = True
            raise event
        return event

    def kill(self):
        self.dead = True


class Workshop:
    """Starts Scripts, one after the other, and remembers what each was asked."""

    def __init__(self, patch, reply, **environment):
        self.reply, self.environment, self.workers = reply, environment, []
        patch.setattr("attnprof.running.start_worker", lambda setup: self.start())

    def start(self):
        self.workers.append(
            Script(lambda request: self.reply(request, len(self.workers)), **self.environment)
        )
        return self.workers[-1]

    def requests(self, kind):
        """(number of the worker from 1, request) of each request of this kind."""
        numbered = [(n, request) for n, worker in enumerate(self.workers, 1) for request in worker.requests]
        return [(n, request) for n, request in numbered if isinstance(request, kind)]


def counted(request, macs=0, **footprint):
    found = [Measurement("params", 1, "count"), Measurement("macs", macs, "count")]
    return account_event(request.case, found, (), Footprint(macs, **footprint))


def visited(case, process, flags=()):
    return visit_event(case, process, [Measurement("latency", 1.0, "s")], flags)


def at(case):
    return StepEvent(case.key)


def failed(case, status="failed"):
    return Failure(case.key, status, "because")


def good(order, worker=1):
    """What a worker says that nothing goes wrong with."""
    if isinstance(order, AccountRequest):
        return [counted(order)]
    return [event for case in order.cases for event in (at(case), visited(case, order.process))] + [
        EndResponse()
    ]


def planned(modules="se,eca,none", **asked):
    asked = {
        "modules": modules,
        "channels": "16,32",
        "res": "8",
        "counters": "none",
        "metrics": "params,latency",
        **asked,
    }
    return plan(Spec(**asked), "cpu")


def ends(events):
    return {event.case.module: event.status for event in events if isinstance(event, DoneEvent)}


def test_what_a_worker_that_dies_has_spent_on_preparation_is_outside_the_budget(monkeypatch):
    def reply(request, worker):
        case = request.case if isinstance(request, AccountRequest) else request.cases[0]
        if isinstance(request, AccountRequest) or worker > 1:
            return good(request, worker)
        return [
            StepEvent(case.key, None, 30.0),
            StepEvent(case.key, 1e-3, 50.0),
            WorkerGone("crashed", "gone"),
        ]

    Workshop(monkeypatch, reply)
    this = run(planned("se", channels="16", time_budget="40s", quality="quick"))
    assert ends(this) == {"se": "ok"}
    assert this._timetable.forecast([1e-3], 0) >= 50


def labels(orders):
    return [[case.label for case in order.cases] for _, order in orders]


OUTCOMES = ("ok", "failed", "oom", "crashed", "timeout")


@law
@given(st.data(), st.sampled_from(["quick", "standard"]))
def test_every_cell_is_done_exactly_once_in_every_order_of_accidents(data, quality):
    def reply(order, worker):
        if isinstance(order, AccountRequest):
            outcome = data.draw(st.sampled_from(OUTCOMES))
            case = order.case
            if outcome in ("crashed", "timeout"):
                return [WorkerGone(outcome, "gone")]
            return [counted(order) if outcome == "ok" else failed(case, outcome)]
        said = []
        for case in order.cases:
            outcome = data.draw(st.sampled_from(OUTCOMES))
            said.append(at(case))
            if outcome in ("crashed", "timeout"):
                return [*said, WorkerGone(outcome, "gone")]
            said.append(visited(case, order.process) if outcome == "ok" else failed(case, outcome))
        return [*said, EndResponse()]

    this = planned("se,eca,none,aa", quality=quality)
    with pytest.MonkeyPatch.context() as patch:
        shop = Workshop(patch, reply)
        events = list(run(this))
    done = [event.key for event in events if isinstance(event, DoneEvent)]
    assert Counter(done) == {cell.case.key: 1 for cell in this.cells}
    assert len(fold(event for event in events if isinstance(event, Event))) == len(this.cells)
    assert all(worker.dead for worker in shop.workers)
    # A process is asked for a cell twice at most, and after its end a cell is not heard of again.
    asked = Counter(
        (case.key, order.process) for _, order in shop.requests(MeasureRequest) for case in order.cases
    )
    assert max(asked.values(), default=0) <= len(this.cells)
    alone = Counter(
        (o.cases[0].key, o.process) for _, o in shop.requests(MeasureRequest) if len(o.cases) == 1
    )
    assert max(alone.values(), default=0) <= 3
    for key in done:
        kinds = [type(event) for event in events if getattr(event, "key", "") == key]
        assert kinds[-1] is DoneEvent
        if VisitEvent in kinds:
            assert kinds.index(AccountEvent) < kinds.index(VisitEvent)
    repeats = Counter((event.key, event.process) for event in events if isinstance(event, VisitEvent))
    assert set(repeats.values()) <= {1}


def test_a_count_that_lost_its_worker_is_tried_once_more_without_the_other_counters(monkeypatch):
    shop = Workshop(monkeypatch, lambda o, n: [WorkerGone("crashed", "gone")] if n == 1 else good(o))
    events = list(run(planned("se", channels="16", no_latency=True)))
    assert ends(events) == {"se": "ok"}
    assert [order.no_counters for _, order in shop.requests(AccountRequest)] == ["", LOST]


def test_a_count_that_merely_fails_is_not_tried_again(monkeypatch):
    shop = Workshop(monkeypatch, lambda o, n: [failed(o.case)])
    assert ends(run(planned("se", channels="16"))) == {"se": "failed"}
    assert len(shop.requests(AccountRequest)) == 1


def test_everything_is_counted_before_anything_is_measured(monkeypatch):
    shop = Workshop(monkeypatch, good)
    kinds = [type(event) for event in run(planned())]
    assert [type(request) for request in shop.workers[0].requests[:6]] == [AccountRequest] * 6
    assert kinds.index(VisitEvent) > len(kinds) - kinds[::-1].index(AccountEvent) - 1


@pytest.mark.parametrize(("quality", "processes"), [("quick", 1), ("standard", 6), ("paper", 6)])
def test_every_cell_is_measured_by_as_many_fresh_processes_as_the_quality_asks_for(
    monkeypatch, quality, processes
):
    shop = Workshop(monkeypatch, good)
    events = list(run(planned(quality=quality)))
    orders = shop.requests(MeasureRequest)
    assert [order.process for _, order in orders] == [n for n in range(processes) for _ in range(2)]
    # The first goes on in the worker that counted, which has computed nothing.
    assert {order.process: worker for worker, order in orders} == {n: n + 1 for n in range(processes)}
    assert len(shop.workers) == processes
    (record, *_) = fold(event for event in events if isinstance(event, Event))
    assert record.value("processes") == processes


def test_every_process_takes_the_cells_in_another_order(monkeypatch):
    shop = Workshop(monkeypatch, good)
    list(run(planned()))
    assert len({order.effort.seed for _, order in shop.requests(MeasureRequest)}) == 6


def test_what_is_the_same_in_every_process_is_found_once(monkeypatch):
    shop = Workshop(monkeypatch, good)
    list(run(planned("se", metrics="latency,peak_memory")))
    assert {o.process: o.metrics for _, o in shop.requests(MeasureRequest)} == {
        0: ("latency", "peak_memory"),
        **dict.fromkeys(range(1, 6), ("latency",)),
    }


def test_cells_of_one_size_are_measured_together_and_the_cheapest_first(monkeypatch):
    macs = {"se": 30, "eca": 10, "none": 20}
    reply = lambda o, n: [counted(o, macs[o.case.module])] if isinstance(o, AccountRequest) else good(o)  # noqa: E731
    shop = Workshop(monkeypatch, reply)
    list(run(planned(channels="32,16", quality="quick")))
    assert labels(shop.requests(MeasureRequest)) == [
        ["eca@16@8", "none@16@8", "se@16@8"],
        ["eca@32@8", "none@32@8", "se@32@8"],
    ]


def test_a_single_process_is_asked_for_samples_enough_for_an_interval(monkeypatch):
    shop = Workshop(monkeypatch, good)
    list(run(planned("se", channels="16", quality="quick")))
    list(run(planned("se", channels="16")))
    orders = [order for _, order in shop.requests(MeasureRequest)]
    assert [order.effort.fewest for order in orders] == [6, *[1] * 6]
    assert [order.spread for order in orders] == [True, *[False] * 6]


def test_counting_alone_ends_a_cell_with_its_count(monkeypatch):
    Workshop(monkeypatch, good)
    kinds = [type(event) for event in run(planned("se,eca", channels="16", no_latency=True))]
    assert kinds == [PhaseEvent, *[BeginEvent, AccountEvent, DoneEvent] * 2]


def test_a_cell_that_cannot_run_is_a_skipped_row_and_never_reaches_the_worker(monkeypatch):
    shop = Workshop(monkeypatch, good)
    events = list(run(planned("se,none", channels="8")))
    assert ends(events) == {"se": "skipped", "none": "ok"}
    assert {case.module for _, order in shop.requests(MeasureRequest) for case in order.cases} == {"none"}
    [reason] = [event.reason for event in events if getattr(event, "status", "") == "skipped"]
    assert "nearest 16" in reason


def test_a_cell_that_needs_more_than_there_is_is_not_started_and_says_what_is_so_large(monkeypatch):
    huge = {"peak": 10 * 2**30, "weights": 2**20, "largest": "1x50176x50176, is 9.38 GiB"}

    def reply(request, worker):
        large = isinstance(request, AccountRequest) and request.case.module == "se"
        return [counted(request, **huge)] if large else good(request)

    shop = Workshop(monkeypatch, reply, device_memory_bytes=2**33)
    events = list(run(planned("se,none", channels="16")))
    assert ends(events) == {"se": "oom", "none": "ok"}
    assert {case.module for _, order in shop.requests(MeasureRequest) for case in order.cases} == {"none"}
    [reason] = [event.reason for event in events if getattr(event, "status", "") == "oom"]
    assert reason == (
        "needs 10.0 GiB at its peak by our count, and may take 8.00 GiB; the largest tensor, 1x50176x50176, is 9.38 GiB"
    )


def test_cells_of_an_earlier_run_are_not_asked_for_again(monkeypatch):
    this = planned("se,eca,none", channels="16")
    shop = Workshop(monkeypatch, good)
    assert ends(run(this, earlier=[done_event(this.cells[1].case, "ok")])) == {"se": "ok", "none": "ok"}
    assert [order.case.module for _, order in shop.requests(AccountRequest)] == ["se", "none"]


def test_only_the_processes_that_are_missing_measure_a_cell_of_an_earlier_run(monkeypatch):
    this = planned("se,eca", channels="16")
    se, eca = (cell.case for cell in this.cells)
    earlier = [visited(se, 0), visited(eca, 0), visited(se, 1)]
    shop = Workshop(monkeypatch, good)
    assert ends(run(this, earlier=earlier)) == {"se": "ok", "eca": "ok"}
    assert [(o.process, [c.module for c in o.cases]) for _, o in shop.requests(MeasureRequest)] == [
        (1, ["eca"]),
        *[(process, ["se", "eca"]) for process in range(2, 6)],
    ]


def test_processes_that_an_earlier_run_has_measured_whole_are_passed_over(monkeypatch):
    this = planned("se,eca", channels="16")
    earlier = [visited(cell.case, process) for process in range(2) for cell in this.cells]
    shop = Workshop(monkeypatch, good)
    assert ends(run(this, earlier=earlier)) == {"se": "ok", "eca": "ok"}
    assert [order.process for _, order in shop.requests(MeasureRequest)] == [2, 3, 4, 5]


FAULTY = "eca"


def faulting(outcome, times, repeat=0):
    """A worker to which eca does ``outcome`` so many times, in one process."""
    left = [times]

    def reply(order, worker):
        if isinstance(order, AccountRequest):
            return good(order)
        said = []
        for case in order.cases:
            said.append(at(case))
            if case.module == FAULTY and order.process == repeat and left[0]:
                left[0] -= 1
                if outcome in ("crashed", "timeout"):
                    return [*said, WorkerGone(outcome, "gone")]
                said.append(failed(case, outcome))
            else:
                said.append(visited(case, order.process))
        return [*said, EndResponse()]

    return reply


@pytest.mark.parametrize("outcome", ["crashed", "timeout", "oom"])
def test_a_cell_that_took_its_worker_along_is_tried_once_more_alone_in_a_fresh_one(monkeypatch, outcome):
    shop = Workshop(monkeypatch, faulting(outcome, 1))
    assert ends(run(planned("none,eca,se", channels="16", quality="quick"))) == dict.fromkeys(
        ("none", "eca", "se"), "ok"
    )
    (first, together), *others = shop.requests(MeasureRequest)
    assert len(together.cases) == 3
    last, alone = others[-1]
    assert [case.module for case in alone.cases] == ["eca"]
    assert last > first


@pytest.mark.parametrize("outcome", ["crashed", "timeout", "oom"])
def test_a_cell_that_does_it_twice_is_a_row_and_the_others_are_measured(monkeypatch, outcome):
    shop = Workshop(monkeypatch, faulting(outcome, 2))
    assert ends(run(planned("none,eca,se", channels="16"))) == {"none": "ok", "eca": outcome, "se": "ok"}
    asked = Counter(case.module for _, order in shop.requests(MeasureRequest) for case in order.cases)
    assert asked["eca"] == 2


def test_a_worker_that_dies_without_a_word_leaves_every_cell_to_be_tried_alone(monkeypatch):
    def reply(order, worker):
        return (
            [WorkerGone("crashed", "gone")]
            if isinstance(order, MeasureRequest) and len(order.cases) > 1
            else good(order)
        )

    shop = Workshop(monkeypatch, reply)
    assert ends(run(planned("none,eca", channels="16", quality="quick"))) == {"none": "ok", "eca": "ok"}
    assert [len(order.cases) for _, order in shop.requests(MeasureRequest)] == [2, 1, 1]


def test_a_cell_that_merely_fails_is_a_row_at_once(monkeypatch):
    shop = Workshop(monkeypatch, faulting("failed", 1))
    assert ends(run(planned("none,eca,se", channels="16"))) == {"none": "ok", "eca": "failed", "se": "ok"}
    assert [case.module for _, order in shop.requests(MeasureRequest) for case in order.cases].count(
        "eca"
    ) == 1


def test_a_cell_that_fails_in_a_later_process_ends_so_and_keeps_what_was_found(monkeypatch):
    Workshop(monkeypatch, faulting("crashed", 2, repeat=1))
    events = list(run(planned("none,eca", channels="16")))
    assert ends(events) == {"none": "ok", "eca": "crashed"}
    records = {
        record.case.module: record for record in fold(event for event in events if isinstance(event, Event))
    }
    assert (records["eca"].value("latency"), records["eca"].value("processes")) == (1.0, 1)
    assert records["none"].value("processes") == 6


@pytest.mark.parametrize("flag", sorted(SPOILING))
@pytest.mark.parametrize("fails", [False, True])
def test_behind_a_case_that_spoils_its_process_the_next_block_has_a_fresh_worker(monkeypatch, flag, fails):
    def reply(order, worker):
        if isinstance(order, AccountRequest):
            return good(order)
        if fails:
            return [*(Failure(case.key, "failed", "because", (flag,)) for case in order.cases), EndResponse()]
        return [*(visited(case, 0, [flag]) for case in order.cases), EndResponse()]

    shop = Workshop(monkeypatch, reply)
    list(run(planned("se", quality="quick")))
    assert [worker for worker, _ in shop.requests(MeasureRequest)] == [1, 2]


def test_behind_a_count_that_spoils_its_process_the_next_has_a_fresh_worker(monkeypatch):
    def reply(order, worker):
        (account,) = good(order)
        spoils = order.case.module == "se"
        return [msgspec.structs.replace(account, flags=("changes-process",)) if spoils else account]

    shop = Workshop(monkeypatch, reply)
    events = list(run(planned("eca,se,none", channels="16", no_latency=True)))
    assert list(ends(events).values()) == ["ok"] * 3
    # The first worker had all three; what it may have said of the one behind is not heard.
    sent = [(worker, request.case.module) for worker, request in shop.requests(AccountRequest)]
    assert sent == [(1, "eca"), (1, "se"), (1, "none"), (2, "none")]


def test_a_stopped_count_ends_after_the_cell_at_hand(monkeypatch):
    shop = Workshop(monkeypatch, good)
    this = run(planned("se,eca,none", channels="16"))
    accounts = []
    for event in this:
        if isinstance(event, AccountEvent):
            accounts.append(event)
        if isinstance(event, BeginEvent) and accounts:
            this.stop = True
    assert len(accounts) == 2
    assert not shop.requests(MeasureRequest)
    assert all(worker.dead for worker in shop.workers)


def test_a_stopped_measurement_is_told_to_come_to_an_end_and_nothing_else_is_begun(monkeypatch):
    shop = Workshop(monkeypatch, good)
    this = run(planned())
    events = []
    for event in this:
        events.append(event)
        if isinstance(event, StepEvent):
            this.stop = True
    assert [type(request) for request in shop.workers[0].requests[-2:]] == [MeasureRequest, FinishRequest]
    assert len(shop.workers) == 1
    # What the first process found of the first block is kept, and nothing is done: others were to measure it
    # too.
    assert [event.process for event in events if isinstance(event, VisitEvent)] == [0] * 3
    assert ends(events) == {}


@pytest.mark.parametrize("kind", [AccountRequest, MeasureRequest])
def test_fail_fast_ends_at_the_first_cell_that_fails(monkeypatch, kind):
    def reply(order, worker):
        if not isinstance(order, kind):
            return good(order)
        if kind is AccountRequest:
            return [failed(order.case)]
        return [failed(order.cases[0]), *(visited(c, 0) for c in order.cases[1:]), EndResponse()]

    shop = Workshop(monkeypatch, reply)
    events = list(run(planned("se,eca,none", channels="16", fail_fast=True)))
    assert list(ends(events).values()) == ["failed"]
    if kind is MeasureRequest:  # counts are sent ahead
        assert len(shop.requests(kind)) == 1


def test_without_fail_fast_the_others_go_on(monkeypatch):
    shop = Workshop(monkeypatch, lambda o, n: [failed(o.case)])
    assert set(ends(run(planned("se,eca,none", channels="16"))).values()) == {"failed"}
    assert len(shop.requests(AccountRequest)) == 3


def test_the_worker_ends_with_a_run_that_is_left_early(monkeypatch):
    shop = Workshop(monkeypatch, good)
    events = iter(run(planned()))
    next(events)
    next(events)
    events.close()
    assert [worker.dead for worker in shop.workers] == [True]


PEAKS = {"bandwidths": [[1, 1.0]], "rates": {}, "launch": 1e-6, "cache": 1, "clock": None}


def test_peaks_are_found_once_per_run_before_anything_is_measured(monkeypatch):
    reply = lambda o, n: [PeaksEvent(Peaks.from_json(PEAKS))] if isinstance(o, PeaksRequest) else good(o)  # noqa: E731
    shop = Workshop(monkeypatch, reply)
    this = run(planned("se", metrics="latency,bound", dtype="fp32", autocast="bf16"))
    kinds = [type(event) for event in this]
    assert kinds.count(PeaksEvent) == 1
    assert kinds.index(PeaksEvent) < kinds.index(VisitEvent)
    assert [order.dtypes for _, order in shop.requests(PeaksRequest)] == [("fp32", "bf16")]
    assert this.environment["peaks"] == PEAKS
    assert all(order.peaks.launch == 1e-6 for _, order in shop.requests(MeasureRequest))


def test_peaks_of_an_earlier_run_are_not_found_again(monkeypatch):
    shop = Workshop(monkeypatch, good)
    list(run(planned("se", metrics="latency,bound"), peaks=Peaks.from_json(PEAKS)))
    assert not shop.requests(PeaksRequest)


def test_a_worker_lost_while_peaks_are_found_costs_no_cell(monkeypatch):
    reply = lambda o, n: [WorkerGone("crashed", "gone")] if isinstance(o, PeaksRequest) else good(o)  # noqa: E731
    shop = Workshop(monkeypatch, reply)
    assert ends(run(planned("se", metrics="latency,bound", channels="16"))) == {"se": "ok"}
    assert len(shop.requests(PeaksRequest)) == 1


def test_a_worker_is_waited_for_no_longer_than_the_timeout(monkeypatch):
    shop = Workshop(monkeypatch, good)
    list(run(planned("se", channels="16", timeout="10s")))
    assert {seconds for worker in shop.workers for seconds in worker.waited} == {10.0}


def test_without_a_timeout_a_worker_is_waited_for_until_it_answers(monkeypatch):
    shop = Workshop(monkeypatch, good)
    list(run(planned("se", channels="16", timeout="none")))
    assert {seconds for worker in shop.workers for seconds in worker.waited} == {None}


def test_a_cell_is_left_before_its_timeout(monkeypatch):
    shop = Workshop(monkeypatch, good)
    list(run(planned("se", channels="16", timeout="10s")))
    assert {order.effort.each for _, order in shop.requests(MeasureRequest)} == {8.0}


@pytest.mark.parametrize(
    ("problem", "status", "reason"),
    [
        (MemoryError(), "oom", "no memory"),
        (MemoryError("8 GiB\nand a stack"), "oom", "8 GiB"),
        (torch.OutOfMemoryError("CUDA out of memory."), "oom", "CUDA out of memory."),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            "oom",
            "DefaultCPUAllocator: can't",
        ),
        (ValueError("wrong\nlines"), "failed", "ValueError: wrong"),
        (KeyError(), "failed", "KeyError"),
    ],
)
def test_whatever_a_module_raises_is_a_status_and_a_reason(monkeypatch, problem, status, reason):
    def fail(case):
        raise problem

    monkeypatch.setattr("attnprof.subject.counts.count", fail)
    answer = respond_about_case(AccountRequest(Case("se", 64, 8, 8), ("params",)))
    assert answer.status == status
    assert answer.reason.startswith(reason)


def test_a_worker_asked_without_peers_says_why_their_counts_are_missing(monkeypatch):
    monkeypatch.setattr("attnprof.subject.counts.count", lambda case: Counted(cost("se", case.shape), (), ()))
    request = AccountRequest(Case("se", 64, 8, 8), ("macs", "fvcore_macs"), LOST)
    ours, theirs = respond_about_case(request).measurements
    assert (ours.value, theirs.value) == (512, None)
    assert "the worker was lost" in theirs.note
