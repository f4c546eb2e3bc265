"""The benchmark of latency: its tables, its bars, and one whole round of it."""

import json
from dataclasses import replace

import pytest

from benchmarks import _methods, latency
from benchmarks._bars import Bar
from benchmarks._figures import Ran, Share, coverage
from benchmarks._latency_report import KNOWN, LONG, MODULES, SHORT, TWINS, Report, bars, tables
from benchmarks._methods import Failed, Overhead, Subject

STEADY = (1.000, 1.002, 0.998, 1.001, 0.999, 1.000)


def runs(method, spread, count=5):
    """Runs whose Non-local latency varies by ``spread`` from one to the next."""
    for number in range(count):
        off = 1 + spread * (number - count // 2)
        base = {**dict.fromkeys(MODULES, 1.0), "nonlocal": 200 * off, SHORT: 20.0, LONG: 21.0}
        yield Ran(method, 15.0, {n: {p: v * each for p, each in enumerate(STEADY)} for n, v in base.items()})


def report(ours, theirs, **conditions):
    found = Report({"device": "cpu", **conditions})
    found.runs += [*runs("paper", ours), *runs("autorange", theirs)]
    found.overhead.append(Overhead(15.0, 1.0, 10.0, 9.0))
    return found


def missed(found):
    return [bar.what for bar in bars(found) if not bar.kept]


def test_steady_runs_beside_unsteady_ones_keep_all_bars():
    assert missed(report(0.005, 0.02)) == []


def test_half_of_the_peers_variation_is_asked_of_nonlocal():
    assert missed(report(0.005, 0.008)) == ["Non-local/SE, half of blocked_autorange's"]


def test_a_busy_machine_is_allowed_more():
    assert missed(report(0.027, 0.1)) == ["Non-local/SE, variation"]
    assert missed(report(0.027, 0.1, busy=True)) == []


def test_runs_that_differ_by_more_than_their_processes_miss_coverage():
    far = report(0.01, 0.1)
    for number, ran in enumerate(far.of("paper")):
        ran.found["cbam"] = {process: (1 + 0.1 * number) * each for process, each in enumerate(STEADY)}
    assert coverage(far.of("paper"), ["cbam"]) == Share(1, 5)
    assert "CBAM/SE, variation" in missed(far)


def test_a_machine_that_slows_everything_spoils_no_ratio():
    slowed = report(0.0, 0.0)
    for number, ran in enumerate(ours := slowed.of("paper")):
        ran.found.update({n: {p: (1 + number) * v for p, v in own.items()} for n, own in ran.found.items()})
    assert coverage(ours, ["cbam"]) == Share(1, 5)
    assert coverage(ours, ["cbam"], "se") == Share(5, 5)


def test_time_in_samples_is_of_the_whole_command():
    found = report(0.005, 0.02)
    found.command = Overhead(wall=100.0, counting=5.0, working=90.0, inside=79.0)
    assert missed(found) == ["first command, time in samples"]
    found.command = Overhead(wall=100.0, counting=1.0, working=90.0, inside=79.0)
    assert missed(found) == ["first command, time in samples", "the same, once all is counted"]


def test_copies_of_a_module_count_as_alike_and_a_chain_of_21_as_slower():
    text = "\n".join(tables(report(0.005, 0.02)))
    assert f"0 % of {5 * len(TWINS)}" in text
    assert "100 % of 5" in text


def in_runtimes(**spreads):
    """A report of the three known modules, whose Non-local latency varies so much in each runtime."""
    found = Report({"device": "cpu"})
    for runtime, spread in spreads.items():
        found.runs += [replace(ran, runtime=runtime) for ran in runs("paper", spread)]
    for ran in found.runs:
        for name in set(MODULES) - set(KNOWN):
            del ran.found[name]
    return found


def test_ratios_may_vary_in_an_engine_as_much_as_in_eager_beside_it():
    assert missed(in_runtimes(eager=0.03, onnxruntime=0.025)) == ["Non-local/SE, variation"]
    assert missed(in_runtimes(eager=0.001, onnxruntime=0.01, openvino=0.03)) == [
        "openvino, Non-local/SE, variation"
    ]


def test_an_engine_alone_is_held_to_the_bar_of_a_quiet_machine():
    assert missed(in_runtimes(onnxruntime=0.03)) == ["onnxruntime, Non-local/SE, variation"]
    assert missed(in_runtimes(onnxruntime=0.01)) == []


def test_each_runtime_has_a_row_and_the_bar_says_what_eager_had():
    found = in_runtimes(eager=0.001, openvino=0.01)
    assert [line.split()[1] for line in tables(found) if "paper" in line] == ["paper", "openvino"] * 2
    assert bars(found)[2].text == (
        "openvino, Non-local/SE, variation: at most 3.0 %: kept (1.5 %, 0.1 % in eager)"
    )


def test_nothing_measured_is_no_bar_and_no_fault():
    assert bars(Report({})) == []
    assert len(list(tables(Report({})))) == 5


def test_a_figure_that_is_missing_misses_its_bar():
    assert Bar("it", None, 1.0).text == "it: at most 100.0 %: MISSED (-)"


def test_no_line_is_wider_than_80_columns():
    found = report(0.5, 3.0)
    found.command = Overhead(100.0, 5.0, 90.0, 79.0)
    assert max(map(len, [*tables(found), *(bar.text for bar in bars(found))])) <= 80


@pytest.mark.parametrize("words", ["loop,paper", "paper,sleep", ""])
def test_methods_begin_with_one_of_ours_and_are_known(words, capsys):
    with pytest.raises(SystemExit):
        latency.main(["--methods", words])
    assert "--methods" in capsys.readouterr().err


def test_a_method_that_fails_is_told_and_the_others_go_on(monkeypatch, capsys, tmp_path):
    asked = []

    def ours(subject, quality, seconds, metric):
        asked.append((quality, seconds, metric))
        return [next(runs(quality, 0.0))], Overhead(16.0, 1.0, 10.0, 9.0)

    def theirs(subject, method, processes, seconds):
        asked.append((method, seconds, processes))
        if method == "loop":
            raise Failed("loop: exit code 1")
        return next(runs(method, 0.0))

    monkeypatch.setattr(_methods, "attnprof", ours)
    monkeypatch.setattr(_methods, "peer", theirs)
    out = tmp_path / "out.json"
    assert latency.main(["--repeats", "1", "--seconds", "12", "--no-command", "--out", str(out)]) == 4
    # The peer has the wall time that ours took, and as many processes.
    assert asked == [
        ("paper", 12.0, "latency"),
        ("autorange", 15.0, 6),
        ("standard", 12.0, "latency"),
        ("loop", 15.0, 1),
    ]
    assert "exit code 1" in capsys.readouterr().err
    kept = json.loads(out.read_text(encoding="utf-8"))
    assert [each["method"] for each in kept["runs"]] == ["paper", "autorange", "standard"]
    assert kept["failed"] == ["loop: exit code 1"]


@pytest.mark.slow
def test_ours_and_a_peer_find_the_same_modules_and_samples_are_noted(monkeypatch, interpreter):
    monkeypatch.setattr("sys.executable", interpreter)
    subject = Subject(f"se,{SHORT}", "16@14", "cpu")
    (ours,), spent = _methods.attnprof(subject, "quick", 3.0)
    theirs = _methods.peer(subject, "loop", 1, 3.0)
    assert ours.found.keys() == theirs.found.keys() == {"se", SHORT}
    assert 0 < spent.inside < spent.working < spent.wall - spent.counting
    assert spent.counting > 0


def test_a_process_that_fails_says_why(monkeypatch, interpreter):
    monkeypatch.setattr("sys.executable", interpreter)
    with pytest.raises(Failed, match="no file nowhere.py|nowhere"):
        _methods.peer(Subject("nowhere.py:Gate", "16@14", "cpu"), "loop", 1, 3.0)
