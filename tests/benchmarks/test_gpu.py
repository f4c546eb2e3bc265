"""The script for a GPU: its plan fits into ten minutes, and no step can stop the others."""

import json
import sys
import tarfile

import pytest

from attnprof.backends import BACKENDS
from attnprof.planning import plan
from attnprof.spec import Spec
from attnprof.spec.file import from_file, merge
from benchmarks import gpu, kernels
from benchmarks.gpu import Step, do, pack, steps
from benchmarks.kernels import Compared, busy_and_span

PLANNED = steps("cpu", gpu.ALL_SECONDS, gpu.ROOT / "out")


def budget_of(step):
    words = list(step.words)
    return float(words[words.index("--time-budget") + 1].rstrip("s"))


def test_all_steps_together_fit_into_ten_minutes():
    assert sum(step.limit(gpu.ALL_SECONDS) for step in PLANNED) == pytest.approx(gpu.ALL_SECONDS)
    assert gpu.ALL_SECONDS < 600


def test_a_runs_budget_leaves_time_for_its_start_and_its_end():
    runs = [step for step in PLANNED if step.makes]
    assert len(runs) >= 5
    assert all(budget_of(run) + gpu.GRACE < run.limit(gpu.ALL_SECONDS) for run in runs)


def test_every_file_has_a_name_of_its_own_and_they_are_few():
    assert len({step.name for step in PLANNED}) == len(PLANNED) <= 8


def test_the_specs_of_the_plan_can_be_planned():
    for step in PLANNED:
        for word in step.words:
            if word.endswith(".toml"):
                assert plan(merge([from_file(gpu.ROOT / word)]), "cpu").cells
    assert plan(
        Spec(modules="se,eca,cbam,ca,nonlocal", points="64@56", compile=True, train=True), "cpu"
    ).cells


def test_a_dry_run_says_the_plan_and_does_nothing(capsys, tmp_path):
    out = tmp_path / "out"
    assert gpu.main(["--dry-run", "--device", "cpu", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert all(step.name in said for step in PLANNED)
    assert "in all          570 s" in said
    assert not out.exists()


def test_what_is_missing_is_said_and_what_is_needed_ends_it(monkeypatch, capsys, tmp_path):
    there = gpu.find_spec
    monkeypatch.setattr(
        gpu, "find_spec", lambda name: None if name in ("triton", "pydantic") else there(name)
    )
    assert gpu.main(["--device", "cpu", "--out", str(tmp_path)]) == 4
    said = capsys.readouterr().out
    assert "triton is not installed: no do_bench" in said
    assert "pydantic is not installed, and attnprof needs it" in said


def test_no_gpu_is_one_line_and_nothing_is_begun(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(gpu, "absent", lambda device: "no CUDA device")
    assert gpu.main(["--out", str(tmp_path / "out")]) == 4
    assert capsys.readouterr().err == "no CUDA device\n"
    assert not (tmp_path / "out").exists()
    assert gpu.main(["--out", str(tmp_path / "out"), "--dry-run"]) == 0


def test_only_files_with_a_test_for_gpus_are_collected():
    assert "tests/backends/test_every_backend.py" in gpu.tests_of_gpus()
    assert "tests/test_units.py" not in gpu.tests_of_gpus()


def test_a_step_that_fails_or_hangs_does_not_stop_the_others(monkeypatch, tmp_path):
    made = tmp_path / "made" / "sub"
    make = f"from pathlib import Path; p = Path({str(made)!r}); p.mkdir(parents=True); (p / 'file').write_text('x')"
    planned = [
        Step("fails", ("-c", "raise SystemExit('no such thing')"), 0.5),
        Step("hangs", ("-c", "import signal; signal.pause()"), gpu.GRACE / 20),
        Step("made", ("-c", make), 0.5, "made"),
    ]
    monkeypatch.setattr(gpu, "steps", lambda *given: planned)
    assert gpu.main(["--device", "cpu", "--seconds", "20", "--out", str(tmp_path)]) == 1
    ended = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["steps"]
    assert [each["status"] for each in ended] == ["failed", "stopped", "ok"]
    assert ended[0]["said"] == ["no such thing"]
    with tarfile.open(tmp_path / "made.tar.gz") as packed:
        assert "made/sub/file" in packed.getnames()
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(("code", "status"), [(0, "ok"), (1, "ok"), (2, "failed")])
def test_a_missed_bar_is_a_result(code, status):
    assert do(Step("peers", ("-c", f"raise SystemExit({code})"), 1.0, results=(1,)), 60.0).status == status


def test_an_error_in_the_script_is_none():
    assert do(Step("peers", ("-c", "1 / 0"), 1.0, results=(1,)), 60.0).status == "failed"


def test_a_step_that_made_nothing_leaves_nothing_to_pack(tmp_path):
    pack(Step("run", (), 1.0, "run"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_kernels_are_busy_for_their_own_time_and_span_the_gaps():
    busy, span = busy_and_span([(3.0, 4.0), (0.0, 1.0), (1.5, 2.0)], calls=2)
    assert (busy, span) == (1.25, 2.0)
    assert busy_and_span([], calls=2) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("ours", "theirs", "agree"), [(1.02e-3, 1e-3, True), (1.04e-3, 1e-3, False), (2.4e-6, 2e-6, True)]
)
def test_device_time_agrees_within_three_percent_or_half_a_microsecond(ours, theirs, agree):
    compared = Compared("se", ours, theirs, theirs, 5, True)
    assert compared.agrees is agree
    assert kernels.lines([compared])[-1].endswith("kept" if agree else "MISSED")


def test_a_device_without_a_clock_of_its_own_has_nothing_to_compare(capsys):
    assert kernels.main(["--device", "cpu", "--modules", "se"]) == 4
    assert "no clock of its own" in capsys.readouterr().err


def test_python_is_the_one_that_runs_the_script(tmp_path):
    ended = do(Step("who", ("-c", "import sys; print(sys.executable)"), 1.0), 60.0)
    assert ended.said == [sys.executable]


@pytest.mark.gpu
def test_every_figure_of_a_comparison_on_a_gpu_is_above_zero(tmp_path):
    if reason := BACKENDS.get("cuda").unavailable():
        pytest.skip(reason)
    out = tmp_path / "kernels.json"
    assert kernels.main(["--device", "cuda:0", "--modules", "se", "--out", str(out)]) in (0, 1)
    (row,) = json.loads(out.read_text(encoding="utf-8"))["rows"]
    assert 0 < row["kernels"] <= row["span"]
    assert row["device_time"] > 0
