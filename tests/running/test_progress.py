"""The progress of a run: one line of phase, cell and time left where somebody watches; else a sentence a phase."""

import sys
from io import StringIO
from types import ModuleType

import pytest

from attnprof.planning import plan
from attnprof.records.record import Measurement, account_event, done_event, visit_event
from attnprof.running import run
from attnprof.running.progress import Display, LiveLine, RunProgress
from attnprof.running.protocol import BeginEvent, ForecastEvent, PhaseEvent, StepEvent
from attnprof.spec import Spec
from attnprof.worker.server import respond_about_case

SE, ECA = (cell.case for cell in plan(Spec(modules="se,eca", channels="64", res="28"), "cpu").cells)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def progress(clock):
    return RunProgress(None, clock=clock)


def test_until_the_first_phase_torch_is_starting(progress, clock):
    assert progress.line() == "starting torch  0 s"
    clock.now = 3.4
    assert progress.line() == "starting torch  3 s"


def test_the_line_has_the_phase_its_cells_and_what_is_counted(progress):
    progress.see(PhaseEvent("counting", 2))
    progress.see(BeginEvent(SE))
    assert progress.line() == "counting  0/2  se@64@28"
    progress.see(account_event(SE, [Measurement("params", 512, "count"), Measurement("macs", 512, "count")]))
    assert progress.line() == "counting  1/2  se@64@28  512 params  512 MACs"


def test_a_process_that_has_not_begun_to_measure_starts_torch(progress):
    progress.see(BeginEvent(SE))
    progress.see(PhaseEvent("process 2", 1))
    assert progress.line() == "process 2  0/1  starting torch"
    progress.see(StepEvent(SE.key))
    assert progress.line() == "process 2  0/1  se@64@28"


def test_a_phase_whose_cells_are_finished_says_that_the_next_begins(progress):
    progress.see(BeginEvent(SE))
    progress.see(PhaseEvent("process 1", 1))
    progress.see(visit_event(SE, 0, [Measurement("latency", 1e-4, "s", n=12)]))
    assert progress.line() == "process 1  1/1  finished; the next phase begins"


def test_the_time_left_is_that_of_the_latest_forecast_and_never_negative(progress, clock):
    progress.see(PhaseEvent("process 1", 2))
    assert "left" not in progress.line()
    progress.see(ForecastEvent(95.0, 6))
    clock.now = 30.0
    assert progress.line().endswith("1:05 left")
    progress.see(ForecastEvent(80.0, 6, 0.06))
    assert progress.line().endswith("0:50 left")
    clock.now = 500.0
    assert progress.line().endswith("0:00 left")


def test_a_budget_is_the_time_left_before_any_forecast(clock):
    progress = RunProgress(60.0, started=-5.0, clock=clock)
    progress.see(PhaseEvent("counting", 2))
    assert progress.line().endswith("0:55 left")


def test_a_cell_that_fails_says_how(progress):
    progress.see(PhaseEvent("process 1", 2))
    progress.see(done_event(ECA, "oom", "the map alone is 9.4 GiB"))
    assert "eca@64@28 oom" in progress.line()


def test_a_log_has_a_sentence_for_each_phase_before_another_and_the_first_of_each_forecast(clock):
    log = StringIO()
    with Display(RunProgress(None, clock=clock), log, is_watched=False) as display:
        display.see(PhaseEvent("counting", 1))
        display.see(BeginEvent(SE))
        display.see(account_event(SE, []))
        clock.now = 2.0
        display.see(ForecastEvent(95.0, 6))
        display.see(PhaseEvent("process 1", 1))
        display.see(ForecastEvent(96.0, 6))
        display.see(visit_event(SE, 0, []))
        display.see(ForecastEvent(90.0, 6, 0.06))
        display.see(ForecastEvent(85.0, 6, 0.05))
        display.say("stopping")
    assert log.getvalue().splitlines() == [
        "about 95 s in all, 6 processes at most",
        "counting: 1 of 1 cells in 2.0 s",
        "about 90 s in all, ± 6.0 % for the fastest",
        "stopping",
    ]
    assert "\r" not in log.getvalue()


def shown(written):
    """The lines that a terminal shows after ``written``, a carriage return taken as one."""
    lines = []
    for text in written.split("\n"):
        line = ""
        for part in text.split("\r"):
            line = part + line[len(part) :]
        lines.append(line.rstrip())
    return lines


def test_a_line_is_written_over_and_gone_in_the_end():
    texts = iter(["a long text", "short", "the last"])
    stream = StringIO()
    with LiveLine(lambda: next(texts, "the last"), stream) as line:
        assert shown(stream.getvalue()) == ["a long text"]
        line.say("a sentence")
        assert shown(stream.getvalue())[0] == "a sentence"
    assert shown(stream.getvalue()) == ["a sentence", ""]


def test_a_line_is_no_wider_than_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    stream = StringIO()
    with LiveLine(lambda: "x" * 100, stream):
        pass
    assert max(len(part) for part in stream.getvalue().split("\r")) == 19


class Counting:
    """A worker that counts in this process. It cannot measure."""

    def __init__(self):
        self.environment = {"device": "meta", "device_name": "", "threads": 0}

    def send(self, request):
        self._response = respond_about_case(request)

    def receive(self, timeout):
        return self._response

    def kill(self):
        pass


@pytest.mark.parametrize("is_notebook", [False, True])
def test_a_run_in_python_shows_its_progress_where_it_is_wanted(monkeypatch, capsys, is_notebook):
    if is_notebook:
        monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    planned = plan(Spec(modules="se,eca", points="16@8", counters="none", no_latency=True))
    run_events = [type(event) for event in run(planned, Counting(), progress=True)]
    assert run_events.count(PhaseEvent) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert ("starting torch" in out) == is_notebook  # a line on stdout; a log has nothing of a single phase
    list(run(planned, Counting()))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("phase", ["counting", "exporting"])
def test_a_cell_that_fails_is_finished_and_no_phase_counts_it_twice(clock, phase):
    progress = RunProgress(None, clock=clock)
    progress.see(PhaseEvent(phase, 2))
    progress.see(BeginEvent(SE))
    progress.see(done_event(SE, "failed", "no operator"))
    assert "1/2" in progress.line()
    progress.see(PhaseEvent("process 1", 1))
    progress.see(done_event(SE, "failed", "no operator"))
    assert "0/1" in progress.line()


def test_a_cell_that_fails_while_it_is_measured_is_finished(clock):
    progress = RunProgress(None, clock=clock)
    progress.see(BeginEvent(SE))
    progress.see(PhaseEvent("process 1", 2))
    progress.see(StepEvent(SE.key))
    progress.see(done_event(SE, "oom", "no memory"))
    assert "1/2" in progress.line()
