"""Our times beside other timers': ratios, variation, and what happens to a timer that fails."""

import json

import pytest

from benchmarks import timers
from benchmarks.timers import Results, Timed, lines, measure, ratios


def timed(timer, *seconds, module="se", batch=1):
    return [Timed(module, batch, timer, repeat, each) for repeat, each in enumerate(seconds)]


class Scripted:
    """A subject whose timers give what a test says."""

    def __init__(self, **figures):
        self.figures = figures

    def timers(self):
        return self.figures


def test_a_peer_is_held_against_the_figure_that_is_of_the_same_thing():
    rows = timed("device_time", 1.0, 2.0, 3.0) + timed("do_bench", 4.0, 4.0, 5.0) + timed("latency", 9.0)
    (each,) = ratios(rows)
    assert (each.peer, each.ratio) == ("do_bench", 2.0)
    assert (each.peer_varies, each.ours_varies) == (0.0, pytest.approx(1.4826 / 2))


def test_a_timer_without_its_counterpart_has_no_ratio():
    assert list(ratios(timed("do_bench", 1.0))) == []
    assert len(list(lines(timed("do_bench", 1.0)))) == 1


def test_a_timer_that_fails_is_a_problem_once_and_the_others_go_on():
    calls = []

    def fail():
        calls.append("fail")
        raise RuntimeError("not on this device\nmore")

    results = Results()
    subject = Scripted(do_bench=fail, latency=lambda: 1.0, device_time=lambda: None)
    measure(results, {("se", 1): subject}, repeats=3, seconds=float("inf"))
    assert results.problems == {"do_bench, se, batch 1": "not on this device"}
    assert len(calls) == 1
    assert results.rows == timed("latency", 1.0, 1.0, 1.0)


def test_no_figure_is_begun_when_the_time_is_up(capsys):
    results = Results()
    measure(results, {("se", 1): Scripted(latency=lambda: 1.0)}, repeats=3, seconds=0.0)
    assert results.rows == []
    assert "the time is up in repeat 1" in capsys.readouterr().err


def test_on_a_cpu_torchs_timer_is_compared_and_each_figure_is_on_disk(tmp_path, capsys):
    out = tmp_path / "timers.json"
    words = ["--device", "cpu", "--modules", "eca", "--point", "8@7", "--repeats", "2", "--out", str(out)]
    assert timers.main(words) == 0
    rows = [Timed(**row) for row in json.loads(out.read_text(encoding="utf-8"))["rows"]]
    assert {(row.timer, row.batch) for row in rows} == {
        (timer, batch)
        for timer in ("latency", "back_to_back, hot", "blocked_autorange")
        for batch in timers.BATCHES
    }
    assert all(row.seconds > 0 for row in rows)
    assert "blocked_autorange" in capsys.readouterr().out
