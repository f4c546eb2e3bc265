"""A worker is started until it lives, and believed only what a worker can say."""

import sys
from types import SimpleNamespace

import pytest

from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.records.case import Case
from attnprof.records.codec import encode
from attnprof.records.record import Measurement, account_event
from attnprof.running import client
from attnprof.running.client import Worker, WorkerGone, WorkerSlot
from attnprof.running.protocol import (
    AccountRequest,
    Failure,
    ReadyResponse,
    SetupRequest,
    UnavailableResponse,
)

SE = Case("se", 64, 8, 8)
REQUEST = AccountRequest(SE, ("params",))
ACCOUNT = account_event(SE, [Measurement("params", 512, "count")])
SCRIPT = """
import json, os, signal, sys, time
token = json.loads(sys.stdin.readline())["token"]

def say(line, process=os.getpid()):
    os.write(1, f"{token} {process} {line}".encode())

def die(number=signal.SIGKILL):
    os.kill(os.getpid(), number)

"""
READY = f"say({encode(ReadyResponse({'device': 'cpu'})).decode()!r})\nsys.stdin.readline()\n"


def says(message, process="os.getpid()"):
    return f"say({encode(message).decode()!r}, {process})\n"


@pytest.fixture
def worker(request):
    """A worker whose process runs this code."""

    def start(code):
        started = Worker(SetupRequest(), command=(sys.executable, "-S", "-c", SCRIPT + code))
        request.addfinalizer(started.kill)
        return started

    return start


def answer(worker):
    assert worker.environment == {"device": "cpu"}
    worker.send(REQUEST)
    return worker.receive(60)


@pytest.mark.parametrize(("is_usable", "kind"), [(False, EnvironmentProblem), (True, UsageError)])
def test_a_device_that_cannot_be_had_as_it_is_requested_is_the_users_mistake(worker, is_usable, kind):
    with pytest.raises(kind, match="^cpu: tf32 exists") as caught:
        _ = worker(says(UnavailableResponse("cpu: tf32 exists on GPUs", is_usable))).environment
    assert type(caught.value) is kind


def test_a_worker_is_believed_what_can_be(worker):
    assert answer(worker(READY + says(ACCOUNT))) == ACCOUNT


def test_requests_that_are_sent_ahead_are_answered_in_their_order_and_nothing_else_is_believed(worker):
    other = Case("se", 32, 8, 8)
    accounts = [ACCOUNT, account_event(other, [Measurement("params", 128, "count")])]
    one = worker(READY + says(accounts[0]) + says(accounts[1]) + says(accounts[0]) + "time.sleep(600)")
    assert one.environment
    for case in (SE, other):
        one.send(AccountRequest(case, ("params",)))
    assert [one.receive(60), one.receive(60)] == accounts
    with pytest.raises(WorkerGone, match="answered what cannot be.*nothing was requested"):
        one.receive(60)


def test_a_worker_that_answers_another_request_first_is_not_believed(worker):
    one = worker(READY + says(ACCOUNT) + "time.sleep(600)")
    assert one.environment
    for case in (Case("se", 32, 8, 8), SE):
        one.send(AccountRequest(case, ("params",)))
    with pytest.raises(WorkerGone, match="an account of another case"):
        one.receive(60)


def test_what_a_copy_of_the_worker_says_is_not_heard(worker):
    lie = Failure(SE.key, "failed", "said by the copy")
    assert answer(worker(READY + says(lie, "os.getpid() + 1") + says(ACCOUNT))) == ACCOUNT


@pytest.mark.parametrize(
    "code",
    [
        says(Failure("another", "failed", "reason")),
        says(Failure(SE.key, "ok", "reason")),
        says(ReadyResponse({})),
        "say('{}\\n')",
        "say('nonsense\\n')",
        "say('\\xff\\n')",
    ],
)
def test_what_cannot_be_ends_the_worker_and_is_the_reason(worker, code):
    with pytest.raises(WorkerGone, match="answered what cannot be") as problem:
        answer(worker(f"{READY}{code}\ntime.sleep(600)"))
    assert (problem.value.status, problem.value.killed) == ("crashed", False)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("die()", r"killed by SIGKILL \(out of memory\?\)"),
        ("die(40)", "killed by signal 40"),
        ("die(11)", "killed by SIGSEGV"),
        ("sys.exit('last words')", "exit code 1: last words"),
        ("sys.exit(0)", "exit code 0$"),
    ],
)
def test_its_end_is_the_reason(worker, code, reason):
    with pytest.raises(WorkerGone, match=reason):
        answer(worker(READY + code))


def test_one_that_cuts_its_connection_and_goes_on_is_stopped(worker, monkeypatch):
    monkeypatch.setattr("attnprof.launchers._child.GRACE", 0.1)
    with pytest.raises(WorkerGone, match="connection was cut"):
        answer(worker(READY + "os.close(1); time.sleep(600)"))


def test_what_copies_say_is_no_answer_in_time(worker):
    one = worker(READY + "say('{}\\n', 1)\ntime.sleep(600)")
    assert one.environment
    one.send(REQUEST)
    with pytest.raises(WorkerGone, match="no answer within 0 s"):
        one.receive(0.1)


@pytest.mark.parametrize("deaths", [0, 1, 2])
def test_a_worker_that_is_killed_while_it_starts_is_started_again(worker, tmp_path, deaths):
    count = f"open({str(tmp_path / 'starts')!r}, 'a').write('x')\n"
    dies = f"if os.path.getsize({str(tmp_path / 'starts')!r}) <= {deaths}: die()\n"
    assert WorkerSlot(lambda: worker(count + dies + READY)).ready().environment == {"device": "cpu"}
    assert len((tmp_path / "starts").read_text()) == deaths + 1


def test_a_worker_that_is_killed_three_times_is_a_problem_of_the_machine(worker, tmp_path):
    starts = tmp_path / "starts"
    with pytest.raises(EnvironmentProblem, match="did not start: the worker was killed by SIGKILL"):
        _ = worker(f"open({str(starts)!r}, 'a').write('x')\ndie()").environment
    assert starts.read_text() == "xxx"


def test_a_worker_that_fails_by_itself_while_it_starts_is_not_started_again(worker, tmp_path):
    starts = tmp_path / "starts"
    with pytest.raises(EnvironmentProblem, match="no torch"):
        _ = worker(f"open({str(starts)!r}, 'a').write('x')\nsys.exit('no torch')").environment
    assert starts.read_text() == "x"


def test_a_worker_imports_nothing_from_the_working_directory(monkeypatch, tmp_path):
    for name in ("statistics", "random", "json", "torch", "attnprof"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('from the working directory')\n")
    monkeypatch.chdir(tmp_path)
    started = Worker(SetupRequest(), command=(sys.executable, *client.COMMAND[1:]))  # Python as it starts
    try:
        assert started.environment["device"] == "meta"
    finally:
        started.kill()


def test_a_closed_slot_starts_no_worker_also_where_it_is_closed_meanwhile():
    events = []

    def start():
        events.append("started")
        slot.close()
        return SimpleNamespace(environment={}, kill=lambda: events.append("killed"))

    slot = WorkerSlot(start)
    for _ in range(2):
        with pytest.raises(WorkerGone, match="the run ended"):
            slot.ready()
    assert events == ["started", "killed"]
