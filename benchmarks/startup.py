"""Time of `attnprof --help` over the time of importing click and rich.console, alternating in one run."""

import statistics
import subprocess
import sys
from time import perf_counter

BAR, ROUNDS = 3.0, 15
OURS = [sys.executable, "-m", "attnprof", "--help"]
COUNTER = [sys.executable, "-c", "import click, rich.console"]
OTHERS = {"list": ["list"], "run --help": ["run", "--help"], "show se": ["show", "se"]}


def seconds(command: list[str]) -> float:
    """Wall seconds of one process from start to end."""
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def main() -> int:
    """Print the ratios; exit code 1 when the bar is missed."""
    commands = {"--help": OURS} | {
        name: [sys.executable, "-m", "attnprof", *words] for name, words in OTHERS.items()
    }
    for command in [COUNTER, *commands.values()]:
        seconds(command)  # files into the cache
    taken: dict[str, list[float]] = {name: [] for name in ["peer", *commands]}
    for _ in range(ROUNDS):
        taken["peer"].append(seconds(COUNTER))
        for name, command in commands.items():
            taken[name].append(seconds(command))
    peer = statistics.median(taken["peer"])
    print(f"import click, rich.console: {1e3 * peer:.0f} ms (median of {ROUNDS})")
    for name in commands:
        ratios = sorted(ours / theirs for ours, theirs in zip(taken[name], taken["peer"], strict=True))
        print(
            f"attnprof {name}: {statistics.median(ratios):.2f}x (from {ratios[0]:.2f}x to {ratios[-1]:.2f}x)"
        )
    ratio = statistics.median(taken["--help"]) / peer
    print(f"bar: --help at most {BAR:g}x: {'kept' if ratio <= BAR else 'MISSED'} ({ratio:.2f}x)")
    return int(ratio > BAR)


if __name__ == "__main__":
    sys.exit(main())
