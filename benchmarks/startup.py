"""Start-up of the command line: CPU time of --help over that of importing click and rich.console.

``python benchmarks/startup.py --against DIR`` runs each command by this package and, in turn, by that in DIR,
a checkout of another commit. Exit code 1: --help is above its limit.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

LIMIT = 1.6  # --help over the imports
ROUNDS = 15
IMPORTS = [sys.executable, "-c", "import click, rich.console"]
COMMANDS = ("--help", "run --help", "list", "show se")
HERE = Path(__file__).parents[1]


def seconds(arguments: list[str], checkout: Path = HERE) -> float:
    """CPU seconds of one process, which other programs disturb less than wall time."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    before = os.times()
    # In the checkout: 'python -m' prefers the current folder to PYTHONPATH.
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, env=environment, cwd=checkout)
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def attnprof(command: str) -> list[str]:
    """The words that run a command of attnprof."""
    return [sys.executable, "-m", "attnprof", *command.split()]


def ratios(ours: list[float], theirs: list[float]) -> str:
    """The median of ratios, round by round, and their range."""
    by_round = sorted(mine / other for mine, other in zip(ours, theirs, strict=True))
    return f"{statistics.median(by_round):.2f}x ({by_round[0]:.2f}x to {by_round[-1]:.2f}x)"


def main() -> int:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, metavar="DIR", help="a checkout of another commit")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    checkouts = [HERE] + ([arguments.against.resolve()] if arguments.against else [])
    imports: list[float] = []
    times: dict[tuple[str, Path], list[float]] = {(name, path): [] for name in COMMANDS for path in checkouts}
    for number in range(arguments.rounds + 1):
        imported = seconds(IMPORTS)
        measured = {(name, path): seconds(attnprof(name), path) for name, path in times}
        if number == 0:
            continue  # files into the cache
        imports.append(imported)
        for key, value in measured.items():
            times[key].append(value)
    print(f"import click, rich.console: {1e3 * statistics.median(imports):.0f} ms, {arguments.rounds} rounds")
    for name in COMMANDS:
        ours = times[name, HERE]
        line = f"attnprof {name}: {1e3 * statistics.median(ours):.0f} ms, {ratios(ours, imports)} the imports"
        for path in checkouts[1:]:
            line += f", {ratios(ours, times[name, path])} {path}"
        print(line)
    ratio = statistics.median(
        mine / other for mine, other in zip(times["--help", HERE], imports, strict=True)
    )
    print(f"limit: --help at most {LIMIT:g}x the imports: {'kept' if ratio <= LIMIT else 'MISSED'}")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
