"""The report of what the script for a GPU has measured, from results that a test makes up."""

import json
import tarfile
from dataclasses import asdict

import pytest

from benchmarks import gpu_report
from benchmarks._gpu_joining import join_runs, write_summary
from benchmarks._gpu_running import Outcome
from benchmarks.gpu_report import against_profiler, against_timers, of_runs, report
from benchmarks.kernels import Compared
from benchmarks.timers import Timed

COMPARED = [
    Compared("se", 1, 10e-6, 9e-6, 10.1e-6, 10e-6, 9e-6, 3),
    Compared("eca", 1, 12e-6, 9e-6, 10.1e-6, 10e-6, 9e-6, 3),
]
TIMED = [
    Timed(module, 1, timer, repeat, seconds)
    for module in ("se", "eca")
    for timer, seconds in (("device_time", 10e-6), ("do_bench", 25e-6))
    for repeat in range(3)
]
HEAD = "module,channels,height,mode,status,reason,latency_s,device_time_s,bound_s"
ROWS = [
    "se,64,56,eval,ok,,3e-05,1e-05,4e-06",
    "eca,64,56,eval,ok,,3e-05,3e-06,4e-06",
    "ca,64,56,eval,skipped,no time,,,",
    "dat,64,56,train,crashed,signal 11,,,",
]


def results(folder, work):
    (folder / "kernels.json").write_text(
        json.dumps({"rows": [asdict(row) for row in COMPARED]}), encoding="utf-8"
    )
    (folder / "timers.json").write_text(
        json.dumps({"rows": [asdict(row) for row in TIMED]}), encoding="utf-8"
    )
    machine = {"device": "cuda:0", "torch": "2.11.0", "commit": "", "nvidia-smi": ["name", "H200"]}
    write_summary([Outcome("doctor", "ok", 0, 9.4, 20.0, "fine\n")], machine, folder)
    (work / "catalogue").mkdir(parents=True)
    (work / "catalogue" / "results.csv").write_text("\n".join([HEAD, *ROWS]) + "\n", encoding="utf-8")
    (work / "interrupted").mkdir()
    join_runs(work, folder)


def test_each_group_says_how_many_figures_agree_and_how_far_off_they_are():
    assert list(against_profiler(COMPARED)) == [
        "| kernels | figure | within 3% or 0.5 us | middle | least | most |",
        "|---|---|---|---|---|---|",
        "| batch 1 | the replay's span | 2 of 2 | 1.010 | 1.010 | 1.010 |",
        "| batch 1 | device_time | 1 of 2 | 1.100 | 1.000 | 1.200 |",
        "| batch 1 | kernel_time | 2 of 2 | 1.000 | 1.000 | 1.000 |",
    ]


def test_each_peer_is_a_line_over_all_modules():
    assert list(against_timers(TIMED))[2:] == [
        "| do_bench | device_time | 1 | 2 | 2.50 | 2.50 | 2.50 | 0.0 % | 0.0 % |"
    ]


def test_a_time_below_its_bound_is_counted_and_rows_that_failed_are_named():
    rows = [dict(zip(HEAD.split(","), line.split(","), strict=True)) for line in ROWS]
    assert list(of_runs({"catalogue": rows}))[2:] == [
        "| catalogue | 4 | 2 | 1 skipped, 1 crashed | 1 of 2 | 0.75 |",
        "- catalogue: dat@64@56 (train) crashed: signal 11",
    ]


def test_the_report_has_what_the_folder_has(tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    results(out, tmp_path / "runs")
    assert gpu_report.main([str(out)]) == 0
    text = capsys.readouterr().out
    assert "device cuda:0, torch 2.11.0\nname\nH200\n" in text
    assert "| doctor | ok | 9 of 20 |" in text
    headings = [line for line in text.splitlines() if line.startswith("###")]
    assert headings == [
        "### Machine and steps",
        "### Beside the profiler",
        "### Beside other timers",
        "### Runs",
    ]


@pytest.mark.parametrize("name", ["kernels.json", "timers.json", "runs.tar.gz", "summary.json"])
def test_what_is_missing_is_left_out(tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    results(out, tmp_path / "runs")
    (out / name).unlink()
    assert sum(line.startswith("###") for line in report(out)) == 3


def test_a_run_without_a_table_is_no_row(tmp_path):
    work = tmp_path / "runs"
    (work / "interrupted").mkdir(parents=True)
    join_runs(work, tmp_path)
    with tarfile.open(tmp_path / "runs.tar.gz") as archive:
        assert archive.getnames() == ["interrupted"]
    assert gpu_report.tables_of_runs(tmp_path / "runs.tar.gz") == {}


def test_no_folder_is_one_line(tmp_path, capsys):
    assert gpu_report.main([str(tmp_path / "none")]) == 4
    assert len(capsys.readouterr().err.splitlines()) == 1
