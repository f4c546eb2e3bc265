"""The README's first command, twice: wall time, time until the first and the last count, and whether the
counts repeat."""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

COMMAND = [sys.executable, "-m", "attnprof", "run", "--channels", "64,256", "--res", "56"]
WALL_BAR, COUNT_BAR = 90.0, 5.0
COUNTS = (
    "module",
    "variant",
    "channels",
    "params",
    "trainable_params",
    "buffers",
    "macs",
    "fvcore_macs",
    "thop_macs",
)


def once(folder: Path) -> tuple[float, float, float, list[tuple[str, ...]]]:
    """Seconds to the end, to the first count on disk and to the last one; and the counts."""
    seen: list[float] = []
    start = monotonic()

    def watch() -> None:
        journal = folder / "records.jsonl"
        while process.poll() is None:
            lines = journal.read_text(encoding="utf-8").count('"event":"account"') if journal.exists() else 0
            seen.extend([monotonic() - start] * (lines - len(seen)))
            sleep(0.05)

    process = subprocess.Popen(
        [*COMMAND, "-o", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    watcher = Thread(target=watch)
    watcher.start()
    process.wait()
    wall = monotonic() - start
    watcher.join()
    if process.returncode:
        raise SystemExit(f"the command ended with exit code {process.returncode}")
    with (folder / "results.csv").open(newline="", encoding="utf-8") as file:
        counts = [tuple(row[name] for name in COUNTS) for row in csv.DictReader(file)]
    return wall, seen[0], seen[-1], counts


def main() -> int:
    """Print what was found; exit code 1 when a bar is missed."""
    with tempfile.TemporaryDirectory() as work:
        runs = [once(Path(work) / name) for name in ("first", "second")]
    for wall, first, last, counts in runs:
        print(
            f"{len(counts)} cells: {wall:.1f} s in all, first counts after {first:.1f} s,"
            f" all counts after {last:.1f} s"
        )
    same = runs[0][3] == runs[1][3]
    walls, firsts = max(r[0] for r in runs), max(r[1] for r in runs)
    print(f"counts of the second run {'equal the first to the digit' if same else 'DIFFER'}")
    print(f"bar: at most {WALL_BAR:g} s: {'kept' if walls <= WALL_BAR else 'MISSED'}")
    print(f"bar: first counts within {COUNT_BAR:g} s: {'kept' if firsts <= COUNT_BAR else 'MISSED'}")
    return int(not same or walls > WALL_BAR or firsts > COUNT_BAR)


if __name__ == "__main__":
    sys.exit(main())
