"""The tasks of a Slurm allocation: each worker is a job step of one task, with a GPU where one is measured.

Slurm leases the devices and binds the cores; the programs, files and variables are those of the driver.
"""

import os
import sys
from functools import partial

from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.grid import whole_number
from attnprof.launchers import WORKER, Demand, Lane, Launcher, Link, Start
from attnprof.launchers._child import RemoteChild

PYTHON = "ATTNPROF_PYTHON"  # a variable: the Python of the nodes
JOB, TASKS, NODES = "SLURM_JOB_ID", "SLURM_NTASKS", "SLURM_JOB_NUM_NODES"  # Slurm's own variables
CORES = "SLURM_CPUS_PER_TASK"  # of a task, which a step does not take over by itself
GPUS = ("SLURM_GPUS", "SLURM_GPUS_ON_NODE", "SLURM_JOB_GPUS", "SLURM_GPUS_PER_TASK", "SLURM_GPUS_PER_NODE")
# srun takes these as options. They are of the whole job, and a step is one task with one GPU.
OF_THE_JOB = ("SLURM_GPUS", "SLURM_GPUS_PER_TASK", "SLURM_GPUS_PER_NODE", "SLURM_NTASKS_PER_NODE")
MOST = 4096  # lanes


def lanes(address: str, demand: Demand) -> list[Lane]:
    """A lane for each task of the allocation that this process runs in. address: how many; empty: all."""
    job = os.environ.get(JOB)
    if not job:
        raise EnvironmentProblem(
            f"--on slurm works inside a Slurm allocation, and {JOB} is not set: begin with salloc or sbatch,"
            " as in salloc --ntasks=4 --gpus-per-task=1 attnprof run --on slurm"
        )
    tasks = int(os.environ.get(TASKS) or os.environ.get(NODES) or 1)
    device = "cuda" if _measures_gpus(demand) else ""
    command = (*_step(bool(device)), os.environ.get(PYTHON) or sys.executable, *WORKER)
    return [
        Lane(f"task{number}", partial(start, command), device, is_remote=True, lease=f"Slurm job {job}")
        for number in range(_wanted(address, tasks))
    ]


def start(command: tuple[str, ...], what: Start) -> Link:
    """A worker in a job step of its own, which srun gives the variables that srun has."""
    inherited = {name: value for name, value in os.environ.items() if name not in OF_THE_JOB}
    return RemoteChild(command, {**inherited, **what.variables}, what.prefix)


def _wanted(address: str, tasks: int) -> int:
    try:
        wanted = whole_number(address, MOST, "a number of lanes") if address else tasks
    except ValueError as problem:
        raise UsageError(f"--on slurm:{address}: {problem}") from None
    if wanted > tasks:
        raise UsageError(f"--on slurm:{wanted}: the allocation has {tasks} tasks, and a lane takes one")
    return wanted


def _measures_gpus(demand: Demand) -> bool:
    """Whether each lane needs a GPU: with 'auto', where the allocation has any."""
    if demand.device == "auto":
        return any(os.environ.get(name) for name in GPUS)
    return demand.device.startswith("cuda")


def _step(has_gpu: bool) -> tuple[str, ...]:
    """srun and its options. exact: what the step does not ask for is for the other lanes."""
    cores = os.environ.get(CORES)
    return (
        *("srun", "--exact", "--nodes=1", "--ntasks=1"),
        *([f"--cpus-per-task={cores}"] if cores else []),
        *(["--gpus=1"] if has_gpu else []),
    )


LAUNCHER = Launcher(
    help="a Slurm allocation: a lane for each task",
    lanes="attnprof.launchers.slurm:lanes",
    address="[:N]",
    programs=("srun",),
)
