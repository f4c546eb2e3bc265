"""Large grids: what counting 1,000, 10,000 and 100,000 cells takes, and what reads such a run.

``python benchmarks/scale.py`` counts all variants of the catalogue at so many sizes of one grid, 25 channel
counts by 20 resolutions, and then prints, picks, compares, merges, resumes and reports the run, each in a
process of its own. ``--folder RUN`` reads a run that is there instead. Exit code 1: a bar is missed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from attnprof.records.environment import cores
from benchmarks._bars import Bar, percent, seconds

SIZES = (1_000, 10_000, 100_000)
CHANNELS = range(16, 401, 16)
SIDES = (7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192)
STRIDE = 127  # through the grid, whose number of points it does not divide: any first points are a mixture
MOST_MEMORY, MOST_PAGE = 400.0, 2.0  # MB
MOST_PLANNING, MOST_WAIT, MOST_READING = 5.0, 5.0, 20.0  # seconds
FLAT = 0.2
POLL = 0.05  # seconds between two looks at a process
HERE = Path(__file__).parents[1]
COUNTED = ("--variants", "all", "--counters", "none", "--no-latency")
PLANNING = """
import sys, time
from attnprof.planning import plan
from attnprof.spec import Spec
spec = Spec(variants="all", points=sys.argv[1], counters="none", no_latency=True)
began = time.process_time()
cells = len(plan(spec, "meta").cells)
print(cells, time.process_time() - began)
"""


@dataclass(frozen=True)
class Usage:
    """What one process took."""

    wall: float  # seconds
    cpu: float  # seconds, of its workers too
    memory: float  # MB, of itself alone
    wait: float | None = None  # seconds until the file that was watched held something


def megabytes(value: float | None) -> str:
    """'123 MB'; '-' for a figure that there is not."""
    return "-" if value is None else f"{value:.3g} MB"


def points(cells: int, placements: int) -> str:
    """As many points of the grid as give ``cells`` cells."""
    grid = list(product(CHANNELS, SIDES))
    count = min(len(grid), max(1, round(cells / placements)))
    chosen = [grid[STRIDE * n % len(grid)] for n in range(count)]
    return ",".join(f"{channels}@{side}" for channels, side in chosen)


def planned(sizes: str) -> tuple[int, float]:
    """How many cells a plan of these points has, and CPU seconds that it takes."""
    command = [sys.executable, "-c", PLANNING, sizes]
    out = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE).stdout
    cells, took = out.split()
    return int(cells), float(took)


def used(arguments: Sequence[str], watched: Path | None = None) -> Usage:
    """Run ``attnprof`` with these arguments to its end. watched: a file that it fills."""
    began, wait, memory = time.monotonic(), None, 0.0
    command = [sys.executable, "-m", "attnprof", *arguments]
    process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        number, status, usage = os.wait4(process.pid, os.WNOHANG)
        if number:
            break
        memory = max(memory, high_water(process.pid))
        if watched and wait is None and watched.exists() and watched.stat().st_size:
            wait = time.monotonic() - began
        time.sleep(POLL)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"attnprof {' '.join(arguments)[:80]} ended with {process.returncode}")
    return Usage(time.monotonic() - began, usage.ru_utime + usage.ru_stime, memory, wait)


def high_water(process: int) -> float:
    """MB that ``process`` has had in memory at most; 0 where it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024 / 1e6
    return 0.0


def reading(folder: Path, room: Path) -> dict[str, Usage]:
    """What reads the run in ``folder``, by command. room: for what they write."""
    run, copy = str(folder), room / "copy"
    shutil.copytree(folder, copy)
    page = str(room / "report.html")
    return {
        "table": used(["table", run]),
        "pick": used(["pick", run, "--max-params", "10k"]),
        "diff": used(["diff", run, str(copy)]),
        "merge": used(["merge", *halves(folder, room), "-o", str(room / "merged"), "--format", "csv"]),
        "--resume": used(["run", "--resume", str(copy)]),
        "report": used(["report", run, "-o", page]),
    }


def halves(folder: Path, room: Path) -> list[str]:
    """Two folders in ``room`` that have half of the cells of the run each."""
    parts = [room / "half1", room / "half2"]
    for part in parts:
        shutil.copytree(folder, part, ignore=shutil.ignore_patterns("records.jsonl", "results.csv"))
    with (folder / "records.jsonl").open("rb") as lines, ExitStack() as files:
        journals = [files.enter_context((part / "records.jsonl").open("wb")) for part in parts]
        for line in lines:
            key = line.partition(b'"key":"')[2]
            journals[key[:1] in b"01234567"].write(line)
    return [str(part) for part in parts]


def reading_bars(commands: dict[str, Usage], cells: int, page: Path) -> list[Bar]:
    """The bars of what reads a run of so many ``cells``."""
    bars = []
    for name, usage in commands.items():
        note = f"{usage.memory:.0f} MB"
        bars.append(Bar(f"{cells} cells, {name}, CPU", usage.cpu, MOST_READING, show=seconds, note=note))
    size = page.stat().st_size / 1e6
    return [*bars, Bar(f"{cells} cells, the page", size, MOST_PAGE, show=megabytes)]


def counted(cells: int, placements: int, room: Path) -> tuple[int, Usage, list[Bar]]:
    """Count about ``cells`` cells into ``room``: how many they were, what that took, and its bars."""
    sizes = points(cells, placements)
    number, took = planned(sizes)
    folder = room / "run"
    usage = used(["run", *COUNTED, "--points", sizes, "-o", str(folder)], folder / "records.jsonl")
    note = f"{usage.wall:.0f} s, {usage.cpu:.0f} s of CPU"
    return (
        number,
        usage,
        [
            Bar(f"{number} cells, planning, CPU", took, MOST_PLANNING, show=seconds),
            Bar(f"{number} cells, until the first row", usage.wait, MOST_WAIT, show=seconds),
            Bar(
                f"{number} cells, memory of the parent", usage.memory, MOST_MEMORY, show=megabytes, note=note
            ),
        ],
    )


def flatness(runs: Sequence[tuple[int, Usage]]) -> list[Bar]:
    """The CPU time of a further cell from each size to the next, over that of the first step."""
    steps = [
        (more.cpu - less.cpu) / (many - few)
        for (few, less), (many, more) in zip(runs, runs[1:], strict=False)
    ]
    return [
        Bar(
            f"a further cell, up to {runs[number + 1][0]}, beside up to {runs[1][0]}",
            abs(step / steps[0] - 1),
            FLAT,
            show=percent,
            note=f"{1e3 * step:.2f} ms of CPU",
        )
        for number, step in enumerate(steps)
        if number
    ]


@contextmanager
def said(bars: list[Bar]) -> Iterator[list[Bar]]:
    """Print the bars that are added to ``bars`` meanwhile."""
    before = len(bars)
    yield bars
    for bar in bars[before:]:
        print(bar.text, flush=True)


def machine() -> str:
    """The machine's state in a line."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{cores()} cores, load {load}, Python {sys.version.split()[0]}"


def main() -> int:
    """Print the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="+", default=SIZES)
    parser.add_argument("--folder", type=Path, metavar="RUN", help="read this run, and count nothing")
    arguments = parser.parse_args()
    print(machine(), flush=True)
    bars: list[Bar] = []
    runs: list[tuple[int, Usage]] = []
    placements, _ = (1, 0) if arguments.folder else planned(points(1, 1))
    for cells in [0] if arguments.folder else arguments.cells:
        with TemporaryDirectory() as name, said(bars):
            room = Path(name)
            if cells:
                number, usage, own = counted(cells, placements, room)
                runs.append((number, usage))
                bars += own
            folder = arguments.folder or room / "run"
            lines = sum(1 for _ in (folder / "results.csv").open(encoding="utf-8")) - 1
            bars += reading_bars(reading(folder.resolve(), room), lines, room / "report.html")
    with said(bars):
        bars += flatness(runs)
    print(machine())
    return int(not all(bar.kept for bar in bars))


if __name__ == "__main__":
    sys.exit(main())
