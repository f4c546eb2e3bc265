"""Every planned cell ends in exactly one row, whatever its module does to the worker; the budget is shared fairly."""

import csv
from collections import Counter, deque

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.case import Case
from attnprof.counting import cost
from attnprof.planning import plan
from attnprof.record import Measurement, account_event, fold, visit_event
from attnprof.runner import run
from attnprof.spec import Spec
from attnprof.supervisor import WorkerGone
from attnprof.worker import Server

pytestmark = pytest.mark.xdist_group("faults")  # its fixtures start real runs: once is enough

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
    asked = ["-m", ",".join([*FAULTS, "none", "se", "eca"]), "--channels", "16", "--res", "8", "--counters", "none"]
    limits = ["--timeout", "4s", "--memory-limit", "512MiB", "--time-budget", "2s", "--format", "csv", "-o", "out"]
    done = command("run", *asked, *limits, cwd=folder, env=faulty)
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
    assert (rows["traced"]["status"], rows["traced"]["macs"], rows["traced"]["fvcore_macs"]) == ("ok", "0", "")
    assert rows["se"]["fvcore_macs"]


# From here on the worker is a script: nothing is started, and nothing waits.


class Script:
    """A worker that answers as told: ``reply(order)`` gives events, or what it dies of. Its first words are a hello."""

    def __init__(self, reply):
        self.reply, self.orders, self.dead, self.waited = reply, [], False, []
        self.waiting = deque([{"event": "hello", "environment": {"device": "cpu"}}])

    @property
    def environment(self):
        if self.waiting and self.waiting[0].get("event") == "hello":
            self.waiting.popleft()
        return {"device": "cpu"}

    def order(self, order):
        assert not self.dead
        self.orders.append(order)
        self.waiting.extend(self.reply(order))

    def answer(self, seconds):
        self.waited.append(seconds)
        event = self.waiting.popleft()
        if isinstance(event, Exception):
            self.dead = True
            raise event
        return event

    def kill(self):
        self.dead = True


def counted(case, macs=0):
    return account_event(case, [Measurement("params", 1, "count"), Measurement("macs", macs, "count")])


def answered(order, macs=0):
    case = Case.from_json(order["case"])
    return counted(case, macs) if order["do"] == "account" else visit_event(case, 0, [Measurement("latency", 1.0, "s")])


def failed(order, status="failed"):
    return {"event": "failed", "key": Case.from_json(order["case"]).key, "status": status, "reason": "because"}


def planned(modules="se,eca,none", **asked):
    return plan(Spec(**{"modules": modules, "channels": "16,32", "res": "8", "counters": "none", **asked}), "cpu")


def ends(events):
    return {event["case"]["module"]: event["status"] for event in events if event["event"] == "done"}


def asks(script, what):
    return [Case.from_json(order["case"]).label for order in script.orders if order["do"] == what]


OUTCOMES = ("ok", "estimates", "failed", "oom", "crashed", "timeout")


@law
@given(st.data())
def test_every_cell_is_done_exactly_once_in_every_order_of_accidents(data):
    workers, attempts = [], Counter()

    def reply(order):
        key = Case.from_json(order["case"]).key
        attempts[key, order["do"]] += 1
        outcome = data.draw(st.sampled_from(OUTCOMES))
        if outcome in ("crashed", "timeout"):
            return [WorkerGone(outcome, "gone")]
        if outcome in ("failed", "oom"):
            return [failed(order, outcome)]
        estimates = [{"event": "estimate", "key": key, "seconds": 1.0}] * (3 if outcome == "estimates" else 0)
        return [*estimates, answered(order)]

    def start(spec, device=None):
        workers.append(Script(reply))
        return workers[-1]

    this = planned("se,eca,none,aa")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("attnprof.runner.start_worker", start)
        events = list(run(this))
    done = [event["key"] for event in events if event["event"] == "done"]
    assert Counter(done) == {cell.case.key: 1 for cell in this.cells}
    assert len(fold(event for event in events if event["event"] != "estimate" and "key" in event)) == len(this.cells)
    assert max(attempts.values(), default=0) <= 2
    assert all(worker.dead for worker in workers)
    # After its last word a cell is not heard of again, and it is measured only after it was counted.
    for key in done:
        kinds = [event["event"] for event in events if event["key"] == key]
        assert kinds[-1] == "done"
        if "visit" in kinds:
            assert kinds.index("account") < kinds.index("visit")


def test_a_case_that_lost_its_worker_is_tried_once_more_without_the_other_counters(monkeypatch):
    second = Script(lambda order: [answered(order)])
    monkeypatch.setattr("attnprof.runner.start_worker", lambda spec, device=None: second)
    first = Script(lambda order: [WorkerGone("crashed", "gone")])
    events = list(run(planned("se", channels="16", no_latency=True), first))
    assert ends(events) == {"se": "ok"}
    assert [order.get("peers", True) for order in (*first.orders, *second.orders)] == [True, False]


def test_a_case_that_merely_fails_is_not_tried_again():
    script = Script(lambda order: [failed(order)])
    assert ends(run(planned("se", channels="16"), script)) == {"se": "failed"}
    assert len(script.orders) == 1


def test_everything_is_counted_before_anything_is_measured():
    script = Script(lambda order: [answered(order)])
    list(run(planned(), script))
    assert [order["do"] for order in script.orders] == ["account"] * 6 + ["measure"] * 6


def test_the_dearest_cells_are_measured_first():
    macs = {"se": 30, "eca": 10, "none": 20}
    script = Script(lambda order: [answered(order, macs[order["case"]["module"]])])
    list(run(planned(channels="32,16"), script))
    assert asks(script, "measure") == ["se@32@8", "none@32@8", "eca@32@8", "se@16@8", "none@16@8", "eca@16@8"]


def test_counting_alone_ends_a_cell_with_its_count():
    script = Script(lambda order: [answered(order)])
    kinds = [event["event"] for event in run(planned("se,eca", channels="16", no_latency=True), script)]
    assert kinds == ["begin", "account", "done"] * 2


def test_a_cell_that_cannot_run_is_a_skipped_row_and_never_reaches_the_worker():
    script = Script(lambda order: [answered(order)])
    events = list(run(planned("se,none", channels="8"), script))
    assert ends(events) == {"se": "skipped", "none": "ok"}
    assert {order["case"]["module"] for order in script.orders} == {"none"}
    [reason] = [event["reason"] for event in events if event.get("status") == "skipped"]
    assert "nearest 16" in reason


def test_cells_of_an_earlier_run_are_not_asked_for_again():
    this = planned("se,eca,none", channels="16")
    script = Script(lambda order: [answered(order)])
    assert ends(run(this, script, {this.cells[1].case.key})) == {"se": "ok", "none": "ok"}
    assert asks(script, "account") == ["se@16@8", "none@16@8"]


@pytest.mark.parametrize("at", [0, 2, 4])
def test_a_stopped_run_ends_after_the_cell_at_hand(at):
    script = Script(lambda order: [answered(order)])
    this = run(planned("se,eca,none", channels="16"), script)
    for event in this:
        if event["event"] == "begin" and len(script.orders) == at:
            this.stop = True
    assert len(script.orders) == at + 1
    assert script.dead


@pytest.mark.parametrize("what", ["account", "measure"])
def test_fail_fast_ends_at_the_first_cell_that_fails(what):
    script = Script(lambda order: [failed(order) if order["do"] == what else answered(order)])
    events = list(run(planned("se,eca,none", channels="16", fail_fast=True), script))
    assert list(ends(events).values()) == ["failed"]
    assert [order["do"] for order in script.orders].count(what) == 1


def test_without_fail_fast_the_others_go_on():
    script = Script(lambda order: [failed(order)])
    assert set(ends(run(planned("se,eca,none", channels="16"), script)).values()) == {"failed"}
    assert len(script.orders) == 3


def test_the_worker_ends_with_a_run_that_is_left_early():
    script = Script(lambda order: [answered(order)])
    events = iter(run(planned(), script))
    next(events)
    events.close()
    assert script.dead


def budgets(monkeypatch, spent, **asked):
    """The seconds that each cell was given, where ``spent`` says what it takes of them."""
    now = [1000.0]
    monkeypatch.setattr("attnprof.runner.monotonic", lambda: now[0])

    def reply(order):
        now[0] += spent(order.get("budget"))
        return [answered(order)]

    script = Script(reply)
    list(run(planned(**asked), script))
    return [order["budget"] for order in script.orders if order["do"] == "measure"]


def test_cells_that_use_their_share_get_equal_shares_of_what_counting_left(monkeypatch):
    shares = budgets(monkeypatch, lambda budget: 1.0 if budget is None else budget, time_budget="36s")
    assert shares == pytest.approx([5.0] * 6)


def test_what_a_cell_leaves_goes_to_the_later_ones(monkeypatch):
    shares = budgets(monkeypatch, lambda budget: 0.0, time_budget="60s")
    assert shares == pytest.approx([10, 12, 15, 20, 30, 0.8 * 60])


def test_a_budget_that_is_spent_leaves_zero_and_never_less(monkeypatch):
    assert budgets(monkeypatch, lambda budget: 100.0, time_budget="60s") == [0.0] * 6


def test_no_cell_is_given_more_than_its_timeout_allows(monkeypatch):
    assert budgets(monkeypatch, lambda budget: 0.0, time_budget="none", timeout="10s") == [8.0] * 6


def test_a_worker_is_waited_for_no_longer_than_the_timeout():
    script = Script(lambda order: [{"event": "estimate", "key": "", "seconds": 1.0}, answered(order)])
    list(run(planned("se", channels="16", timeout="10s"), script))
    assert all(0 < seconds <= 10 for seconds in script.waited)


def test_without_a_timeout_a_worker_is_waited_for_until_it_answers():
    script = Script(lambda order: [answered(order)])
    list(run(planned("se", channels="16", timeout="none"), script))
    assert script.waited == [None, None]


@pytest.mark.parametrize(
    ("problem", "status", "reason"),
    [
        (MemoryError(), "oom", "no memory"),
        (MemoryError("8 GiB\nand a stack"), "oom", "8 GiB"),
        (torch.OutOfMemoryError("CUDA out of memory."), "oom", "CUDA out of memory."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "oom", "DefaultCPUAllocator: can't"),
        (ValueError("wrong\nlines"), "failed", "ValueError: wrong"),
        (KeyError(), "failed", "KeyError: "),
    ],
)
def test_whatever_a_module_raises_is_a_status_and_a_reason(monkeypatch, problem, status, reason):
    def fail(case):
        raise problem

    monkeypatch.setattr("attnprof.subject.count", fail)
    order = {"do": "account", "metrics": ["params"], "case": Case("se", 64, 8, 8).to_json()}
    answer = Server({}).answer(order, lambda event: None)
    assert (answer["event"], answer["status"]) == ("failed", status)
    assert answer["reason"].startswith(reason)


def test_a_worker_asked_without_peers_says_why_their_counts_are_missing(monkeypatch):
    monkeypatch.setattr("attnprof.subject.count", lambda case: (cost("se", case.shape), ()))
    order = {"do": "account", "metrics": ["macs", "fvcore_macs"], "case": Case("se", 64, 8, 8).to_json()}
    ours, theirs = Server({}).answer({**order, "peers": False}, lambda event: None)["measurements"]
    assert (ours["value"], theirs["value"]) == (512, None)
    assert "the worker was lost" in theirs["note"]
