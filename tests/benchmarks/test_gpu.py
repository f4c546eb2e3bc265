"""The script for a GPU: its plan fits into ten minutes, no step can stop the others, and what is done is on disk."""

import json
import sys
import tarfile

import pytest

from attnprof.planning import plan
from attnprof.spec import Spec
from benchmarks import _gpu_joining, _gpu_running, _gpu_steps, gpu
from benchmarks._bundle import Contents, digest, version_in
from benchmarks._gpu_joining import MOST_BYTES, MOST_FILES, RUNS, join_runs, too_much
from benchmarks._gpu_running import Interpreter, Outcome, run_part, run_step
from benchmarks._gpu_steps import (
    ALL_SECONDS,
    BATCHES,
    FIFTEEN,
    FOUR_POINTS,
    GRACE,
    KEPT_SECONDS,
    ROOT,
    SMOKE_SECONDS,
    START_SECONDS,
    Part,
    Place,
    Step,
    files_with_gpu_tests,
    parts,
)

PLACE = Place("cuda:0", ROOT / "work", ROOT / "out")
PYTHON = Interpreter({})
COMMAND_SECONDS, ALL_DEVICE_SECONDS = 600, 900  # of one command, and of all on such a machine
SAYS = "print('hello')"


def steps(place=PLACE, scale=1.0):
    return [step for part in parts(place, scale) for step in part.steps]


def runs():
    return [step for step in steps() if step.folder]


def budget_of(step):
    words = list(step.words)
    option = "--time-budget" if step.folder else "--seconds"
    return float(words[words.index(option) + 1].rstrip("s"))


def script(code, seconds=60.0, **more):
    return Step("step", ("-c", code), seconds, **more)


def planned(monkeypatch, *steps):
    monkeypatch.setattr(
        gpu, "parts", lambda place, scale: (Part("smoke", steps[:1]), Part("kept", steps[1:]))
    )


def test_a_second_start_fits_in_what_the_first_leaves():
    assert sum(step.seconds for step in steps()) == pytest.approx(ALL_SECONDS)
    assert ALL_SECONDS < COMMAND_SECONDS
    assert 2 * ALL_SECONDS <= ALL_DEVICE_SECONDS
    smoke, kept = (part.seconds for part in parts(PLACE))
    assert smoke == pytest.approx(START_SECONDS + SMOKE_SECONDS)
    assert kept == pytest.approx(KEPT_SECONDS)


def test_a_budget_leaves_time_for_the_start_and_the_end():
    timed = [step for step in steps() if step.folder or "benchmarks" in step.words[1]]
    assert len(timed) == 1 + 1 + 2 + 3 + 1
    assert all(budget_of(step) + GRACE < step.seconds for step in timed)


def test_a_run_is_not_refused_for_what_a_stopped_one_leaves():
    assert all("--allow-busy" in run.words for run in runs())


def test_every_run_has_a_folder_of_its_own():
    assert len({step.folder for step in runs()}) == len(runs())


def test_a_cpu_has_neither_tf32_nor_energy_and_their_time_goes_to_the_others():
    on_cpu = steps(Place("cpu", PLACE.work, PLACE.out))
    assert {step.name for step in steps()} - {step.name for step in on_cpu} == {"tf32", "energy"}
    assert sum(step.seconds for step in on_cpu) == pytest.approx(ALL_SECONDS)


def test_what_the_plan_names_can_be_planned():
    assert len(FIFTEEN.split(",")) == 15
    cells = plan(Spec(modules=FIFTEEN, points=FOUR_POINTS, batch=BATCHES, dtype="bf16"), "cpu").cells
    assert len(cells) == 15 * 4 * 2
    assert [cell for cell in cells if cell.refusal] == []
    assert plan(Spec(modules=_gpu_steps.SIX, points=_gpu_steps.POINT, train=True), "cpu").cells


def test_only_files_with_a_test_for_gpus_are_collected():
    assert "tests/backends/test_every_backend.py" in files_with_gpu_tests()
    assert "tests/test_units.py" not in files_with_gpu_tests()


def test_a_dry_run_says_the_plan_and_does_nothing(capsys, tmp_path):
    out = tmp_path / "out"
    assert gpu.main(["--dry-run", "--device", "cpu", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert all(step.name in text for step in steps(Place("cpu", tmp_path, out)))
    assert f"in all, {ALL_SECONDS:.0f} s" in text
    assert not out.exists()


def test_what_is_missing_is_said_and_what_is_needed_ends_it(monkeypatch, capsys, tmp_path):
    find = gpu.find_spec
    missing = ("triton", "pydantic")
    monkeypatch.setattr(gpu, "find_spec", lambda name: None if name in missing else find(name))
    assert gpu.main(["--device", "cpu", "--out", str(tmp_path)]) == 4
    text = capsys.readouterr().out
    assert "triton is not installed: no do_bench" in text
    assert "pydantic is not installed, and attnprof needs it" in text


def test_no_gpu_is_one_line_and_nothing_is_begun(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(gpu, "_unavailable", lambda device: "no CUDA device")
    assert gpu.main(["--out", str(tmp_path / "out")]) == 4
    assert capsys.readouterr().err == "no CUDA device\n"
    assert not (tmp_path / "out").exists()
    assert gpu.main(["--out", str(tmp_path / "out"), "--dry-run"]) == 0


def test_a_step_that_fails_or_hangs_does_not_stop_the_others(monkeypatch, tmp_path):
    monkeypatch.setattr(_gpu_running, "GRACE", 0.2)
    write = (
        "import sys; from pathlib import Path; p = Path(sys.argv[1]); p.mkdir(); (p / 'file').write_text('x')"
    )

    def three(place, scale):
        fails = Step("fails", ("-c", "raise SystemExit('no such thing')"), 60.0)
        hangs = Step("hangs", ("-c", "import signal; signal.pause()"), 0.3)
        writes = Step("writes", ("-c", write, str(place.work / "run")), 60.0, "run")
        return Part("smoke", (fails,)), Part("kept", (hangs, writes))

    monkeypatch.setattr(gpu, "parts", three)
    assert gpu.main(["--device", "cpu", "--out", str(tmp_path)]) == 1
    outcomes = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["steps"]
    assert [each["status"] for each in outcomes] == ["failed", "stopped", "ok"]
    assert outcomes[0]["last_lines"] == ["no such thing"]
    with tarfile.open(tmp_path / RUNS) as archive:
        assert "run/file" in archive.getnames()


def test_a_vital_step_that_fails_ends_the_script_with_its_last_words(monkeypatch, capsys, tmp_path):
    planned(monkeypatch, script("raise SystemExit('no device')", vital=True), script(SAYS))
    assert gpu.main(["--device", "cpu", "--out", str(tmp_path)]) == 1
    assert len(json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["steps"]) == 1
    assert "no device\nstep failed: nothing else is begun\n" in capsys.readouterr().out


def test_one_part_alone_can_be_run(monkeypatch, tmp_path):
    planned(monkeypatch, script("raise SystemExit(1)", vital=True), script(SAYS))
    assert gpu.main(["--device", "cpu", "--out", str(tmp_path), "--part", "kept"]) == 0
    assert "hello" in (tmp_path / "log.txt").read_text(encoding="utf-8")


def test_what_a_step_leaves_of_its_time_is_the_next_ones():
    outcomes = []
    assert run_part(Part("part", (script(SAYS, 30.0), script(SAYS, 10.0))), PYTHON, outcomes.append)
    first, second = outcomes
    assert first.limit == 30.0
    assert second.limit == pytest.approx(40.0 - first.seconds)


@pytest.mark.parametrize(("code", "status"), [(0, "ok"), (1, "ok"), (2, "failed"), (4, "nothing")])
def test_a_missed_bar_is_a_result(code, status):
    assert run_step(script(f"raise SystemExit({code})", results=(1, 4)), 60.0, PYTHON).status == status


def test_an_error_in_the_script_is_none():
    assert run_step(script("1 / 0", results=(1,)), 60.0, PYTHON).status == "failed"


def test_python_is_the_one_that_runs_the_script_with_the_variables_of_the_bundle():
    outcome = run_step(
        script("import os, sys; print(sys.executable, os.environ['SITE'])"),
        60.0,
        Interpreter({"SITE": "here"}),
    )
    assert outcome.output == f"{sys.executable} here\n"


def test_modules_can_be_run_through_another_but_for_pytest():
    python = Interpreter({}, "tests.simulated_cuda.command")
    assert python.command(("-m", "attnprof", "run"))[1:] == [
        "-m",
        "tests.simulated_cuda.command",
        "attnprof",
        "run",
    ]
    assert python.command(("-m", "pytest"))[1:] == ["-m", "pytest"]
    assert python.command(("-c", SAYS))[1:] == ["-c", SAYS]


def test_no_run_is_nothing_to_join(tmp_path):
    join_runs(tmp_path / "runs", tmp_path)
    (tmp_path / "runs").mkdir()
    join_runs(tmp_path / "runs", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_what_would_not_travel_is_said(tmp_path):
    for number in range(MOST_FILES + 1):
        (tmp_path / f"{number}").touch()
    with (tmp_path / "0").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert too_much(tmp_path) == [
        "9 files: more than 8",
        f"0: {MOST_BYTES + 1} bytes: more than {MOST_BYTES}",
    ]


def test_the_script_writes_few_files(monkeypatch, tmp_path):
    planned(monkeypatch, script(SAYS), script(SAYS))
    assert gpu.main(["--device", "cpu", "--out", str(tmp_path)]) == 0
    benchmarks = [step for step in steps() if not step.folder and "benchmarks" in step.words[1]]
    assert len(list(tmp_path.iterdir())) + len(benchmarks) + len([RUNS]) <= MOST_FILES


def test_the_summary_has_the_end_of_what_a_step_printed():
    output = "\n".join(map(str, range(100)))
    lines = Outcome("step", "ok", 0, 1.0, 2.0, output).summary()["last_lines"]
    assert (len(lines), lines[-1]) == (_gpu_running.LAST_LINES, "99")


@pytest.mark.parametrize(("sources", "commit"), [(digest(), "abc"), ("of other files", "")])
def test_the_machine_says_versions_and_the_commit_that_its_files_are(sources, commit):
    machine = _gpu_joining.machine_of("cuda:0", Contents("9.9", "abc", sources, "3.12", ()))
    assert machine["torch"]
    assert (machine["device"], machine["attnprof"], machine["commit"]) == ("cuda:0", version_in(), commit)
