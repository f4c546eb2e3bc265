"""Lanes in a Slurm allocation, by a stand-in that does what srun does: the caller's environment with the
step's own variables, and the exit code 128 + n behind signal n."""

import json
import os
from pathlib import Path

import pytest

from attnprof.cli._main import main
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.launchers import Demand, Start, lanes_of

META, CPU, GPU, AUTO = Demand("meta", 1), Demand("cpu", 1), Demand("cuda", 1), Demand("auto", 1)
STAND_IN = """#!/bin/sh
options=
while case "$1" in --*) true;; *) false;; esac; do options="$options $1"; shift; done
[ -z "$SLURM_GPUS_PER_NODE" ] || { echo "srun: error: conflicting GPUs" >&2; exit 1; }
echo "$options" >> "%s/steps"
export SLURM_STEP_ID=1 SLURM_PROCID=0 SLURM_NTASKS=1
"$@" <&0
exit $?
"""


@pytest.fixture
def allocation(tmp_path, monkeypatch):
    """A job of two tasks, and the folder in which srun writes down the options of its steps."""
    (tmp_path / "srun").write_text(STAND_IN % tmp_path)
    (tmp_path / "srun").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("SLURM_NTASKS", "2")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def step_of(allocation: Path, demand: Demand) -> tuple[list[bytes], int | None, str]:
    """What the worker of the first lane prints, how it ends, and the options of its step."""
    lane = lanes_of("slurm:1", demand)[0]
    link = lane.open(Start((), {"ONE": "1"}, b"mine "))
    try:
        lines = [link.line(30), link.line(30)]
        return lines, link.exit_code(), (allocation / "steps").read_text()
    finally:
        link.kill()


@pytest.fixture
def program(allocation, monkeypatch):
    """What runs in the place of the nodes' Python."""
    path = allocation / "python"
    path.write_text('#!/bin/sh\necho "mine $ONE $SLURM_PROCID $*"\nkill -TERM $$\n')
    path.chmod(0o755)
    monkeypatch.setenv("ATTNPROF_PYTHON", str(path))
    return path


def test_there_is_a_lane_for_each_task_leased_by_the_job(allocation):
    lanes = lanes_of("slurm", GPU)
    assert [lane.name for lane in lanes] == ["task0", "task1"]
    assert {(lane.device, lane.is_remote, lane.lease) for lane in lanes} == {("cuda", True, "Slurm job 17")}


@pytest.mark.parametrize(("variable", "device"), [("", ""), ("4", "cuda")])
def test_auto_is_a_gpu_where_the_allocation_has_any(allocation, monkeypatch, variable, device):
    monkeypatch.setenv("SLURM_GPUS_ON_NODE", variable)
    assert lanes_of("slurm:1", AUTO)[0].device == device


def test_a_step_is_one_task_and_takes_no_more_than_a_lane_needs(allocation, program, monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "6")
    monkeypatch.setenv("SLURM_GPUS_PER_NODE", "8")  # of the job: with one GPU it would be a contradiction
    lines, ending, options = step_of(allocation, GPU)
    assert lines == [b"mine 1 0 -P -m attnprof.worker\n", b""]
    assert ending == -15
    assert options.split() == ["--exact", "--nodes=1", "--ntasks=1", "--cpus-per-task=6", "--gpus=1"]


@pytest.mark.parametrize("demand", [META, CPU])
def test_without_a_gpu_to_measure_none_is_asked_for(allocation, program, demand):
    *_, options = step_of(allocation, demand)
    assert "--gpus" not in options


@pytest.mark.parametrize(("address", "words"), [("3", "has 2 tasks"), ("many", "many"), ("0", "slurm:0")])
def test_more_than_the_allocation_has_is_the_users_mistake(allocation, address, words):
    with pytest.raises(UsageError, match=words):
        lanes_of(f"slurm:{address}", META)


def test_outside_an_allocation_the_way_into_one_is_named(allocation, monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID")
    with pytest.raises(EnvironmentProblem, match="SLURM_JOB_ID is not set: begin with salloc or sbatch"):
        lanes_of("slurm", META)


def without_runs(table: str) -> list[str]:
    """The rows of a CSV table without the two columns that say of which run they are."""
    return [row.split(",", 2)[2] for row in table.splitlines()]


@pytest.mark.slow
def test_a_run_in_two_tasks_counts_what_a_plain_run_counts(allocation, interpreter, monkeypatch, capsys):
    monkeypatch.setenv("ATTNPROF_PYTHON", interpreter)
    asked = "-m se,eca --channels 16,32 --res 8 --no-latency --counters none --format csv -q"
    line = ["run", *asked.split()]
    assert main([*line, "--on", "slurm", "-o", "steps_of_two"]) == 0
    in_steps = without_runs(capsys.readouterr().out)
    assert main([*line, "-o", "plain"]) == 0
    assert in_steps == without_runs(capsys.readouterr().out)
    assert len(in_steps) == 1 + 4
    environment = json.loads((allocation / "steps_of_two" / "environment.json").read_text())
    assert set(environment["lanes"]) == {"task0", "task1"}
