"""Time of what only reads a kept run over the time of importing pandas, alternating in one run."""

import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir
from time import perf_counter

BAR, SECONDS, ROUNDS = 3.0, 1.5, 9
COUNTER = [sys.executable, "-c", "import pandas"]
KEPT = Path(__file__).parent.parent / "reports" / "20261201-catalogue-cpu"  # the whole catalogue
COMMANDS = {
    "pick": ["pick", str(KEPT), "--max-params", "10k", "--max-latency", "10ms"],
    "pick --pareto": ["pick", str(KEPT), "--pareto", "latency,params,top1"],
    "table": ["table", str(KEPT)],
    "report": ["report", str(KEPT), "-o", str(Path(gettempdir()) / "attnprof-benchmark.html")],
}


def seconds(command: list[str]) -> float:
    """Wall seconds of one process from start to end."""
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def main() -> int:
    """Print times and ratios; exit code 1 when a bar is missed."""
    commands = {name: [sys.executable, "-m", "attnprof", *words] for name, words in COMMANDS.items()}
    for command in [COUNTER, *commands.values()]:
        seconds(command)  # files into the cache
    taken: dict[str, list[float]] = {name: [] for name in ["peer", *commands]}
    for _ in range(ROUNDS):
        for name, command in {"peer": COUNTER, **commands}.items():
            taken[name].append(seconds(command))
    peer = statistics.median(taken["peer"])
    print(f"import pandas: {1e3 * peer:.0f} ms (median of {ROUNDS})")
    missed = False
    for name in commands:
        median = statistics.median(taken[name])
        ratios = sorted(ours / theirs for ours, theirs in zip(taken[name], taken["peer"], strict=True))
        kept = statistics.median(ratios) <= BAR and median <= SECONDS
        missed = missed or not kept
        print(
            f"attnprof {name}: {1e3 * median:.0f} ms, {statistics.median(ratios):.2f}x"
            f" (from {ratios[0]:.2f}x to "
            f"{ratios[-1]:.2f}x), bar {BAR:g}x and {SECONDS:g} s: {'kept' if kept else 'MISSED'}"
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
