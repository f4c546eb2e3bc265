"""Kernels beside the profiler's: the same replay by both, on a simulated device."""

import json

import pytest

from attnprof.backends import BACKENDS, CaptureFailed
from attnprof.backends.cuda import CUDA
from attnprof.records.case import Case
from benchmarks import kernels
from benchmarks._cupti import DeviceEvent, replayed_and_eager, seen
from benchmarks.kernels import LONG_KERNEL, NOT_SEEN, Compared, Results, agree, compare
from tests.simulated_cuda import Settings, simulated

SE = Case("se", 64, 7, 7, hyperparameters={"reduction": 16}, device="cuda:0")


def events(*spans, names=None):
    names = names or ["kernel"] * len(spans)
    return [DeviceEvent(name, begin, end) for name, (begin, end) in zip(names, spans, strict=True)]


def row(
    module="se",
    batch=1,
    device_time=10e-6,
    kernel_time=9e-6,
    event_span=10e-6,
    span=10e-6,
    busy=9e-6,
    count=3,
):
    return Compared(module, batch, device_time, kernel_time, event_span, span, busy, count)


def test_kernels_are_busy_for_their_own_time_and_span_the_gaps():
    each = seen(events((0.0, 1.0), (1.5, 2.0), (3.0, 4.0)), calls=2)
    assert (each.busy, each.span, each.count) == (1.25, 2.0, 1.5)


def test_the_replay_stands_behind_the_last_spin_and_before_the_eager_calls():
    names = ["fill", "spin_kernel", "fill", "spin_kernel(long)", "a", "b", "a", "b"]
    spans = [(float(number), number + 0.5) for number in range(6)] + [(10.0, 10.25), (20.0, 20.25)]
    replay, eager = replayed_and_eager(events(*spans, names=names), calls=1)
    assert (replay.busy, replay.span, replay.count) == (1.0, 1.5, 2)
    assert (eager.busy, eager.span) == (0.5, 10.25)


@pytest.mark.parametrize(
    "names", [["spin_kernel"], ["a", "a"], ["spin_kernel", "a", "b"], ["spin_kernel", "a", "b", "b", "a"]]
)
def test_kernels_that_are_not_twice_the_same_are_not_compared(names):
    spans = [(float(number), number + 0.5) for number in range(len(names))]
    with pytest.raises(ValueError, match="not twice those of the calls"):
        replayed_and_eager(events(*spans, names=names), calls=1)


@pytest.mark.parametrize(
    ("ours", "theirs", "is_close"), [(1.02e-3, 1e-3, True), (1.04e-3, 1e-3, False), (2.4e-6, 2e-6, True)]
)
def test_figures_agree_within_three_percent_or_half_a_microsecond(ours, theirs, is_close):
    assert agree(ours, theirs) is is_close


def test_modules_are_grouped_by_how_long_their_kernels_last():
    long = row(batch=128, kernel_time=3 * LONG_KERNEL, count=3)
    assert [each.group for each in (row(), long, row(batch=128))] == [
        "batch 1",
        "batch 128, 30 us a kernel and more",
        "batch 128, shorter kernels",
    ]


def test_each_group_has_a_bar_for_each_figure():
    rows = [row(), row("eca", device_time=20e-6), row(batch=128)]
    bars = {bar.what: bar.kept for bar in kernels.bars(rows)}
    assert bars == {
        "batch 1: the replay's span within 3% or 0.5 us": True,
        "batch 1: device_time within 3% or 0.5 us": False,
        "batch 1: kernel_time within 3% or 0.5 us": True,
        "batch 128, shorter kernels: the replay's span within 3% or 0.5 us": True,
        "batch 128, shorter kernels: device_time within 3% or 0.5 us": True,
        "batch 128, shorter kernels: kernel_time within 3% or 0.5 us": True,
    }


def test_on_a_device_whose_gaps_are_known_both_see_them():
    with simulated(Settings(kernel=4e-6, gap=1e-6)):
        backend = CUDA()
        each = compare(SE, backend, backend.device(0))
    assert each.kernel_time == pytest.approx(4e-6 * each.count)
    assert each.busy == pytest.approx(each.kernel_time)
    assert each.span == pytest.approx(each.device_time, rel=1e-3)
    assert each.device_time == pytest.approx(5e-6 * each.count, rel=1e-2)
    assert each.event_span == pytest.approx(each.device_time)


def test_where_the_profiler_may_see_nothing_that_is_the_reason():
    with simulated(Settings(cupti=False)):
        backend = CUDA()
        assert compare(SE, backend, backend.device(0)) == NOT_SEEN


def test_a_module_that_launches_nothing_is_blank_with_the_reason():
    with simulated():
        backend = CUDA()
        assert (
            compare(Case("none", 64, 7, 7, device="cuda:0"), backend, backend.device(0))
            == "a call launches no kernel"
        )


def test_the_file_has_every_module_so_far_and_another_process_goes_on_with_it(tmp_path):
    file = tmp_path / "kernels.json"
    results = Results(file, goes_on=False)
    results.note(SE, row())
    results.note(Case("none", 64, 7, 7), "a call launches no kernel")
    later = Results(file, goes_on=True)
    assert (later.rows, later.blank) == (results.rows, results.blank)
    assert later.has(SE)
    assert not later.has(Case("eca", 64, 7, 7))
    assert later.spent > json.loads(file.read_text(encoding="utf-8"))["spent"] > 0


def test_a_capture_that_fails_is_a_row_and_a_fresh_process_measures_the_others(monkeypatch, tmp_path):
    def fail(case, backend, device):
        raise CaptureFailed("it cannot be captured")

    class Replaced(Exception):
        pass

    def replace(program, words):
        assert words[-1] == "--goes-on"
        raise Replaced

    monkeypatch.setattr(kernels, "compare", fail)
    monkeypatch.setattr(kernels.os, "execv", replace)
    monkeypatch.setattr(kernels, "BACKENDS", {"cuda": CUDA()})
    out = tmp_path / "kernels.json"
    with simulated(), pytest.raises(Replaced):
        kernels.main(["--modules", "se", "--out", str(out)])
    assert json.loads(out.read_text(encoding="utf-8"))["blank"] == {"se, batch 1": "it cannot be captured"}


def test_a_device_without_a_clock_of_its_own_has_nothing_to_compare(capsys):
    assert kernels.main(["--device", "cpu", "--modules", "se"]) == 4
    assert "no clock of its own" in capsys.readouterr().err


@pytest.mark.gpu
def test_every_figure_of_a_comparison_on_a_gpu_is_above_zero(tmp_path):
    if reason := BACKENDS.get("cuda").unavailable():
        pytest.skip(reason)
    out = tmp_path / "kernels.json"
    assert kernels.main(["--device", "cuda:0", "--modules", "se", "--out", str(out)]) in (0, 1)
    rows = json.loads(out.read_text(encoding="utf-8"))["rows"]
    assert [each["batch"] for each in rows] == [1, kernels.LARGE_BATCH]
    assert all(0 < each["busy"] <= each["span"] for each in rows)
    assert all(each["device_time"] > 0 for each in rows)
