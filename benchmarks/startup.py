"""Start-up of the command line: CPU time of commands over that of the imports that they cannot do without.

Commands that read no run are held to importing click and rich.console, those that read one to pandas.
``python benchmarks/startup.py --against DIR`` runs the former by this package and, in turn, by that in DIR, a
checkout of another commit. Exit code 1: a command is above its limit.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROUNDS = 15
HERE = Path(__file__).parents[1]
PRINTING = "click, rich.console"
FRAMES = "pandas"
LIMITS = {  # command -> what it is held to, and how many times as long it may take
    "--help": (PRINTING, 1.6),
    "list": (PRINTING, 2.5),
    "run --help": (PRINTING, 2.0),
    "show se": (PRINTING, 1.5),
    "table RUN": (FRAMES, 2.0),
    "pick RUN --max-latency 10ms": (FRAMES, 2.0),
    "report RUN -o FILE": (FRAMES, 2.0),
}
Job = tuple[str, Path]  # a command, and the checkout that runs it


def kept_run() -> Path:
    """The newest run of the whole catalogue that the repository keeps."""
    return max((HERE / "reports").glob("*-catalogue-cpu"))


def seconds(arguments: Sequence[str], checkout: Path = HERE) -> float:
    """CPU seconds of one process, which other programs disturb less than wall time."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what a user runs is compiled once
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # In the checkout: 'python -m' prefers the current folder to PYTHONPATH.
    subprocess.run(arguments, check=True, capture_output=True, env=environment, cwd=checkout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def imports(names: str) -> list[str]:
    """The words that import ``names`` and do nothing else."""
    return [sys.executable, "-c", f"import {names}"]


def attnprof(command: str, folder: Path) -> list[str]:
    """The words that run a command of attnprof. RUN: the kept run; FILE: a file in ``folder``."""
    values = {"RUN": str(kept_run()), "FILE": str(folder / "report.html")}
    return [sys.executable, "-m", "attnprof", *(values.get(word, word) for word in command.split())]


def measure(jobs: Sequence[Job], rounds: int) -> tuple[dict[str, list[float]], dict[Job, list[float]]]:
    """Seconds of each import and of each job, round by round in turn. One more round fills the file cache."""
    imported: dict[str, list[float]] = {PRINTING: [], FRAMES: []}
    times: dict[Job, list[float]] = {job: [] for job in jobs}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds + 1):
            for names, own in imported.items():
                own.append(seconds(imports(names)))
            for (command, checkout), own in times.items():
                own.append(seconds(attnprof(command, Path(folder)), checkout))
    first = 1  # without the round that filled the cache
    return {n: own[first:] for n, own in imported.items()}, {job: own[first:] for job, own in times.items()}


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours over theirs, round by round, sorted."""
    return sorted(mine / other for mine, other in zip(ours, theirs, strict=True))


def show(values: Sequence[float]) -> str:
    """The median of sorted ratios, and their range."""
    return f"{statistics.median(values):.2f}x ({values[0]:.2f}x to {values[-1]:.2f}x)"


def main() -> int:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, metavar="DIR", help="a checkout of another commit")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    other = arguments.against.resolve() if arguments.against else None
    jobs = [(command, HERE) for command in LIMITS]
    if other:
        jobs += [(command, other) for command, (names, _) in LIMITS.items() if names == PRINTING]
    imported, times = measure(jobs, arguments.rounds)
    for names, own in imported.items():
        print(f"import {names}: {1e3 * statistics.median(own):.0f} ms, {arguments.rounds} rounds")
    missed = 0
    for command, (names, limit) in LIMITS.items():
        ours = times[command, HERE]
        over = ratios(ours, imported[names])
        is_missed = statistics.median(over) > limit
        missed += is_missed
        line = f"attnprof {command}: {1e3 * statistics.median(ours):.0f} ms, {show(over)} import {names}"
        line += f", limit {limit:g}x {'MISSED' if is_missed else 'kept'}"
        if other and (command, other) in times:
            line += f"; {show(ratios(ours, times[command, other]))} {other}"
        print(line)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
