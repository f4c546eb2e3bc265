"""Submitting to Slurm, by stand-ins that do what sbatch and scontrol do: the tasks of an array one after the other,
each with its number, one that asks for it once more, and a job behind another."""

import os
import subprocess

import pytest

from attnprof.cli import _submit
from tests.cli.test_merge import without_run_ids

ASKED = ("-m", "se,eca", "--channels", "16,32", "--res", "8", "--no-latency", "--counters", "none")
SBATCH = """#!/bin/bash
number=$(( $(cat {folder}/number 2> /dev/null || echo 40) + 1 ))
echo $number > {folder}/number
echo "$@" >> {folder}/submitted
export SLURM_JOB_ID=$number
for last; do :; done
case "$last" in
    --wrap=*) sh -c "${{last#--wrap=}}" > {folder}/merge.log 2>&1;;
    *)  tasks=$(sed -n 's/^#SBATCH --array=1-//p' "$last")
        for SLURM_ARRAY_TASK_ID in $(seq $tasks); do
            export SLURM_ARRAY_TASK_ID
            bash "$last" >> {folder}/tasks.log 2>&1
            [ ! -e {folder}/requeue ] || {{ rm {folder}/requeue; bash "$last" >> {folder}/tasks.log 2>&1; }}
        done;;
esac
echo "$number;cluster"
"""
SCONTROL = """#!/bin/sh
echo "$@" > {folder}/requeue
"""
# The first run of the second part ends in the middle, as at SIGTERM: a cell is in no line of its journal.
INTERRUPTED = """#!/bin/sh
echo "$@" >> {folder}/commands
"{python}" -m attnprof "$@" -q || exit
case "$*" in *" --shard 2/2 "*) sed -i '$d' mine/part-2/records.jsonl; exit 130;; esac
"""


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """The folder of the stand-ins, and the working directory."""
    for name, text in {"sbatch": SBATCH, "scontrol": SCONTROL}.items():
        (tmp_path / name).write_text(text.format(folder=tmp_path))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def test_the_file_is_printed_with_its_options_and_nothing_is_written(cli, cluster):
    words = ("--partition", "gpu", "--time", "1:00:00", "--sbatch=--constraint=h100|a100", "--dry-run")
    said = cli("submit", *ASKED, "-o", "mine", *words)
    assert said.code == 0
    options = [line.removeprefix("#SBATCH ") for line in said.out.splitlines() if line.startswith("#SBATCH")]
    assert options[0] == "--array=1-2"
    assert options[-3:] == ["--partition=gpu", "--time=1:00:00", "'--constraint=h100|a100'"]
    assert "--gpus=1" not in options  # nothing is timed
    assert said.err == "2 tasks and their merge; nothing was submitted\n"
    assert not (cluster / "mine").exists()
    assert subprocess.run(["bash", "-n"], input=said.out, text=True).returncode == 0


def test_a_task_that_measures_has_a_gpu_unless_it_measures_the_processor(cli, cluster):
    asked = ("submit", *ASKED[:6], "-o", "mine", "--dry-run")
    assert "#SBATCH --gpus=1\n" in cli(*asked).out
    assert "--gpus" not in cli(*asked, "--device", "cpu").out


@pytest.mark.parametrize(
    ("words", "code", "mistake"),
    [
        (["--tasks", "3"], 2, "this plan has 2 sizes"),
        (["--tasks", "many"], 2, "--tasks many"),
        (["--account", "a\n#SBATCH --wrap=x"], 2, "an option of sbatch is one line"),
    ],
)
def test_what_cannot_be_submitted_is_said_before_anything_is_written(cli, cluster, words, code, mistake):
    said = cli("submit", *ASKED, "-o", "mine", *words)
    assert said.code == code
    assert mistake in said.err
    assert not (cluster / "mine").exists()


def test_a_folder_that_is_there_stays_as_it_is(cli, cluster):
    (cluster / "mine").mkdir()
    said = cli("submit", *ASKED, "-o", "mine")
    assert (said.code, "is there already" in said.err) == (2, True)
    assert list((cluster / "mine").iterdir()) == []


def test_what_sbatch_says_against_it_is_passed_on(cli, cluster):
    (cluster / "sbatch").write_text("#!/bin/sh\necho 'sbatch: error: invalid partition' >&2\nexit 1\n")
    said = cli("submit", *ASKED, "-o", "mine")
    assert said.code == 4
    assert "invalid partition" in said.err
    assert not (cluster / "mine").exists()


def test_where_there_is_no_slurm_nothing_is_written(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    said = cli("submit", *ASKED, "-o", "mine")
    assert (said.code, "sbatch is not on PATH" in said.err) == (4, True)
    assert not (tmp_path / "mine").exists()


@pytest.mark.slow
def test_a_task_that_is_interrupted_goes_on_and_the_merged_run_is_the_plain_one(
    cli, cluster, interpreter, monkeypatch
):
    program = cluster / "program"
    program.write_text(INTERRUPTED.format(folder=cluster, python=interpreter))
    program.chmod(0o755)
    monkeypatch.setattr(_submit, "_attnprof", lambda: str(program))
    said = cli("submit", *ASKED, "-o", "mine")
    assert said.code == 0, said.err
    assert said.out == "41 measures in 2 tasks, 42 merges them into mine/whole\n"
    assert "--dependency=afterok:41" in (cluster / "submitted").read_text()
    commands = (cluster / "commands").read_text().splitlines()
    assert [line.split()[0:2] for line in commands[:3]] == [
        ["run", "mine/plan.toml"],
        ["run", "mine/plan.toml"],
        ["run", "--resume"],
    ]
    cli("run", *ASKED, "-o", "plain")
    rows = without_run_ids(cluster / "mine" / "whole" / "results.csv")
    assert rows == without_run_ids(cluster / "plain" / "results.csv")
    assert len(rows) == 1 + 4
