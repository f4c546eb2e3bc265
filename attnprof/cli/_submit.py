"""``attnprof submit``: a job array of Slurm over the sizes of a spec, and the merge as a last job."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attnprof.cli._spec import spec_of
from attnprof.cli._terminal import Terminal
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.grid import whole_number
from attnprof.planning import plan
from attnprof.planning.shards import whole_blocks
from attnprof.spec import Spec

MOST = 100  # tasks, where the user names no number
ARRAY = 1000  # the most that Slurm takes unless it is configured otherwise
PLAN, JOB = "plan.toml", "job.sh"
SECONDS = 60  # that sbatch has
# bash's wait ends with 128 + n at a signal, too: then the run has still to end.
SCRIPT = """\
#!/bin/bash
{options}
part={folder}/part-$SLURM_ARRAY_TASK_ID
trap 'kill -TERM "$run"' TERM
if [ -e "$part/records.jsonl" ]; then
    {attnprof} run --resume "$part" &
else
    {attnprof} run {plan} --shard "$SLURM_ARRAY_TASK_ID/{tasks}" -o "$part" &
fi
run=$!
wait "$run"
code=$?
[ $code -le 128 ] || {{ wait "$run"; code=$?; }}
[ $code -ne 130 ] || scontrol requeue "$SLURM_JOB_ID"
exit $code
"""


def submit(
    spec: str | None,
    output: str,
    tasks: str | None,
    partition: str | None,
    account: str | None,
    time: str | None,
    further: tuple[str, ...],
    dry_run: bool,
    terminal: Terminal,
    **fields: Any,
) -> int:
    """Write the plan and the job's file into the folder ``output`` and submit the array and its merge.

    Raises UsageError for more tasks than sizes or an option of two lines, EnvironmentProblem where sbatch
    does not take the job.
    """
    settings = spec_of(spec, fields).model_copy(update={"shard": None, "on": None, "output": None})
    folder = Path(output)
    number = _tasks(settings, tasks)
    named = {"partition": partition, "account": account, "time": time}
    chosen = [f"--{name}={value}" for name, value in named.items() if value]
    script = _script(settings, folder, number, [*chosen, *further])
    if dry_run:
        terminal.show(script.rstrip("\n"))
        terminal.warn(f"{number} tasks and their merge; nothing was submitted")
        return 0
    if shutil.which("sbatch") is None:
        raise EnvironmentProblem("sbatch is not on PATH: submit where Slurm is, or see --dry-run")
    _write(folder, settings.to_toml(), script)
    try:
        array = _sbatch(str(folder / JOB))
    except EnvironmentProblem:
        shutil.rmtree(folder)  # so that the same command can be typed again
        raise
    shared = [option for option in chosen if not option.startswith("--time")]
    merge = _sbatch(*shared, f"--dependency=afterok:{array}", f"--wrap={_merge(folder, number)}")
    terminal.show(f"{array} measures in {number} tasks, {merge} merges them into {folder / 'whole'}")
    terminal.note(f"squeue -j {array},{merge} shows them, scancel {array} {merge} ends them")
    return 0


def _tasks(spec: Spec, wanted: str | None) -> int:
    """How many tasks share the sizes of ``spec``: those are dealt here once, so that too many are refused."""
    device = "meta" if spec.no_latency else spec.device
    if wanted is None:
        return min(len(whole_blocks(plan(spec, device).cells)), MOST)
    try:
        number = whole_number(wanted, ARRAY, "a number of tasks")
    except ValueError as problem:
        raise UsageError(f"--tasks {wanted}: {problem}") from None
    plan(spec.model_copy(update={"shard": f"1/{number}"}), device)
    return number


def _script(spec: Spec, folder: Path, tasks: int, chosen: Sequence[str]) -> str:
    broken = next((option for option in chosen if not option.isprintable()), None)
    if broken is not None:
        raise UsageError(f"{broken!r}: an option of sbatch is one line")
    needs_gpu = not spec.no_latency and spec.device != "cpu"
    options = [
        f"--array=1-{tasks}",
        "--job-name=attnprof",
        *(["--gpus=1"] if needs_gpu else []),
        "--requeue",
        "--open-mode=append",
        "--signal=B:TERM@120",
        f"--output={folder}/part-%a.log",
        *chosen,
    ]
    return SCRIPT.format(
        options="\n".join(f"#SBATCH {shlex.quote(option)}" for option in options),
        folder=shlex.quote(str(folder)),
        plan=shlex.quote(str(folder / PLAN)),
        attnprof=_attnprof(),
        tasks=tasks,
    )


def _attnprof() -> str:
    return f"{shlex.quote(sys.executable)} -m attnprof"


def _merge(folder: Path, tasks: int) -> str:
    parts = " ".join(shlex.quote(f"{folder}/part-{task}") for task in range(1, tasks + 1))
    whole = shlex.quote(str(folder / "whole"))
    return f"{_attnprof()} merge {parts} -o {whole}" if tasks > 1 else f"ln -s part-1 {whole}"


def _write(folder: Path, plan_text: str, script: str) -> None:
    try:
        folder.mkdir(parents=True)
        (folder / PLAN).write_text(plan_text, encoding="utf-8")
        (folder / JOB).write_text(script, encoding="utf-8")
    except FileExistsError:
        raise UsageError(f"-o {folder} is there already; name a new folder") from None
    except OSError as problem:
        raise EnvironmentProblem(f"cannot write {folder}: {(problem.strerror or '').lower()}") from None


def _sbatch(*arguments: str) -> str:
    """Submit a job. Its number is returned; raises EnvironmentProblem with sbatch's own words."""
    command = ["sbatch", "--parsable", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise EnvironmentProblem(f"sbatch has not answered for {SECONDS} s") from None
    if done.returncode:
        raise EnvironmentProblem(f"sbatch: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip().partition(";")[0]
