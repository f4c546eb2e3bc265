"""A call of ours beside an engine's own loop: ratios, bars, and what the loops go through."""

import pytest
import torch

from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES
from attnprof.subject.calls import export
from benchmarks import engines
from benchmarks.engines import LOOPS, Turn, bars, cold_inputs, lines, looped

SETTINGS = {"bias": False, "reduction": 16}


def turns(*ratios, module="se"):
    return [Turn(module, "openvino", 1e-4 * ratio, 1e-4, 0.5e-4) for ratio in ratios]


def test_the_middle_of_all_turns_is_held_to_the_bar_in_both_directions():
    found = turns(1.0, 1.04, 1.5) + turns(0.9, module="caa")
    assert [(bar.what.partition(":")[0], bar.kept) for bar in bars(found)] == [
        ("openvino, se", True), ("openvino, caa", False),
    ]  # fmt: skip


def test_a_line_has_the_medians_their_ratio_and_how_far_turns_are_apart():
    figures = "openvino se 102.0 us 100.0 us 1.020 10.0 % 50.0 us"
    assert lines(turns(1.0, 1.02, 1.1))[1].split() == figures.split()


def test_a_loop_takes_the_median_call(monkeypatch):
    clock = iter(0.1 * n for n in range(100))
    monkeypatch.setattr(engines, "perf_counter", lambda: next(clock))
    assert looped(lambda: None, 1.0) == pytest.approx(0.1)


@pytest.fixture(params=LOOPS)
def runtime(request):
    if reason := RUNTIMES.get(request.param).unavailable():
        pytest.skip(reason)
    return request.param


@pytest.mark.filterwarnings("ignore")
def test_ours_and_the_loops_are_timed_in_turns(runtime):
    (turn,) = engines.turns("se", runtime, cold_inputs(cache=2**20), repeats=1, seconds=0.02)
    assert min(turn.ours, turn.loop, turn.bound_once) > 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("count", [1, 3])
def test_a_loop_goes_round_its_inputs(runtime, count):
    content = export(Case("se", 16, 2, 2, SETTINGS, execution=runtime)).content
    inputs = [torch.full((1, 16, 2, 2), float(number)) for number in range(1, 4)]
    call = LOOPS[runtime](content, inputs[:count])
    sums = [float(first_output(call()).sum()) for _ in range(2 * count)]
    assert sums[:count] == sums[count:]
    assert len(set(sums)) == count


def first_output(result):
    """Of a call in ONNX Runtime, whose outputs stay in the binding, or in OpenVINO."""
    return result.copy_outputs_to_cpu()[0] if hasattr(result, "copy_outputs_to_cpu") else result[0]
