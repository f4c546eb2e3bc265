"""Lanes: the driver's CPU time for each cell of a run of counts on a Ray cluster, beside lanes here.

``python -m benchmarks.lanes --on ray:ADDRESS`` runs the same grid in both, in turn, and holds what the
cluster takes more for a cell. Exit code 1: more than the limit.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_SECONDS = 0.002  # of the driver's CPU, for each cell, beyond a lane of this machine
BESIDE = "local:2"
MODULES = ("se", "eca", "none", "cbam")
SIZES = 20  # resolutions, for each number of channels
DRIVER = "import sys, time; from attnprof.cli._main import main; code = main(sys.argv[1:]); " + (
    "print('CPU', time.process_time(), code, file=sys.stderr)"
)


def driver_seconds(place: str, cells: int, folder: Path) -> float:
    """CPU seconds of the driver alone, threads of Ray's included, of a run of ``cells`` on ``place``."""
    channels = ",".join(str(16 * number) for number in range(1, cells // (len(MODULES) * SIZES) + 1))
    sizes = ",".join(str(size) for size in range(7, 7 + SIZES))
    grid = ["-m", ",".join(MODULES), "--channels", channels, "--res", sizes]
    options = ["--no-latency", "--counters", "none", "--format", "csv", "--on", place, "-o", str(folder)]
    command = [sys.executable, "-c", DRIVER, "run", *grid, *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = len(done.stdout.splitlines()) - 1
    seconds, code = done.stderr.splitlines()[-1].split()[1:]
    if (rows, code) != (cells, "0"):
        raise SystemExit(f"{place}: {rows} rows of {cells}, exit code {code}\n{done.stderr}")
    return float(seconds)


def per_cell(place: str, few: int, many: int, folder: Path) -> float:
    """Seconds for each cell, start-up apart: of many cells, less those of a few."""
    more = driver_seconds(place, many, folder / "many") - driver_seconds(place, few, folder / "few")
    return more / (many - few)


def main() -> int:
    """Print both places, and hold the difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", default="ray", help="the lanes that are held: ray:ADDRESS")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{time.strftime('%F %T')}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    more = []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            here = per_cell(BESIDE, 400, 2000, Path(folder, "here"))
            there = per_cell(options.on, 400, 2000, Path(folder, "there"))
        more.append(there - here)
        print(f"round {number + 1}: {BESIDE} {1e3 * here:.2f} ms a cell, {options.on} {1e3 * there:.2f} ms")
    middle = statistics.median(more)
    print(f"driver's CPU beyond {BESIDE}: {1e3 * middle:.2f} ms a cell, limit {1e3 * MOST_SECONDS:.0f} ms")
    return int(middle > MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
