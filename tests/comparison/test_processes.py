"""The times of processes are those of the run that finished a case, each under its run."""

from attnprof.comparison.processes import times
from attnprof.records.case import Case
from attnprof.records.record import AccountEvent, Measurement, VisitEvent, fold
from attnprof.results.table import _seconds_of_processes

SE = Case("se", 64, 8, 8)


def visit(process, seconds, run):
    return VisitEvent(SE.key, process, (Measurement("latency", seconds, "s"),), (), run=run)


def account(run, replaces=""):
    return AccountEvent(SE.key, SE, (), (), run=run, replaces=replaces)


MOVED = [account("a"), visit(0, 1.0, "a"), visit(1, 1.5, "a"), account("b", "a"), visit(0, 2.0, "b")]


def test_a_run_that_takes_a_case_over_takes_the_place_of_all_that_was_measured_before():
    assert times(MOVED, "latency") == {SE.key: {0: 2.0}}
    [record] = fold(MOVED)
    assert (record.run, record.value("latency"), record.value("processes")) == ("b", 2.0, 1)


def test_processes_of_two_runs_are_never_taken_for_one_another():
    merged = [account("a"), visit(0, 1.0, "a"), account("b"), visit(0, 2.0, "b")]
    seconds = _seconds_of_processes(merged)
    assert seconds == {("a", SE.key): {("a", 0): 1.0}, ("b", SE.key): {("b", 0): 2.0}}
    assert len(fold(merged)) == 2
