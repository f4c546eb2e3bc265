"""A call of ours beside an engine's own loop: ratios, bars, and that both compute the same."""

import pytest

from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES
from attnprof.subject.calls import export
from attnprof.subject.inputs import example
from benchmarks import engines
from benchmarks.engines import LOOPS, Turn, bars, lines, looped

SE = Case("se", 16, 8, 8, {"bias": False, "reduction": 16})


def turns(*ratios, module="se"):
    return [Turn(module, "openvino", 1e-4 * ratio, 1e-4) for ratio in ratios]


def test_the_middle_of_all_turns_is_held_to_the_bar_in_both_directions():
    found = turns(1.0, 1.04, 1.5) + turns(0.9, module="caa")
    assert [(bar.what.partition(":")[0], bar.kept) for bar in bars(found)] == [
        ("openvino, se", True), ("openvino, caa", False),
    ]  # fmt: skip


def test_a_line_has_both_medians_their_ratio_and_how_far_turns_are_apart():
    assert lines(turns(1.0, 1.02, 1.1))[1].split() == [
        "openvino",
        "se",
        "102.0",
        "us",
        "100.0",
        "us",
        "1.020",
        "10.0",
        "%",
    ]


def test_a_loop_takes_the_median_call(monkeypatch):
    clock = iter(0.1 * n for n in range(100))
    monkeypatch.setattr(engines, "perf_counter", lambda: next(clock))
    assert looped(lambda: None, 1.0) == pytest.approx(0.1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LOOPS)
def test_an_engines_own_loop_computes_what_ours_does(name):
    if reason := RUNTIMES.get(name).unavailable():
        pytest.skip(reason)
    from dataclasses import replace

    case = replace(SE, execution=name)
    (turn,) = engines.turns("se", name, repeats=1, seconds=0.02)
    assert 0.1 < turn.ratio < 10
    LOOPS[name](export(case).content, example(case, engines.CPU))()
