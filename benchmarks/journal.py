"""Reading the journal of a large run: CPU time and memory, over those of another checkout.

``python benchmarks/journal.py --against DIR`` reads one journal by this package and, in turn, by that in DIR,
a checkout of another commit, each time in a fresh process. Its cells have the counts of a kept run, each at a
size of its own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from attnprof.records.case import Case

CELLS = 100_000
ROUNDS = 3
HERE = Path(__file__).parents[1]
KEPT = HERE / "reports" / "20261130-part1-meta" / "records.jsonl"
CHILD = """
import resource, sys
from pathlib import Path
from attnprof.records.journal import events_in
before = resource.getrusage(resource.RUSAGE_SELF)
events = events_in(Path(sys.argv[1]))
after = resource.getrusage(resource.RUSAGE_SELF)
print(len(events), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss)
"""


def lines(cells: int) -> Iterator[str]:
    """The lines of a journal of so many cells: what was counted of each, and its end."""
    events = [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()]
    pairs = list(zip(events[::2], events[1::2], strict=True))
    for number, pair in enumerate(islice(cycle(pairs), cells)):
        for event in pair:
            event["case"]["channels"] = number + 1
            event["key"] = Case(**event["case"]).key
            yield json.dumps(event, separators=(",", ":")) + "\n"


def read(folder: Path, checkout: Path) -> tuple[float, float]:
    """CPU seconds of reading the journal in ``folder``, and MiB of the process at its peak."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder)],
        check=True,
        capture_output=True,
        text=True,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    )
    _, seconds, kibibytes = child.stdout.split()
    return float(seconds), float(kibibytes) / 1024


def main() -> None:
    """Print both figures, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, metavar="DIR", help="a checkout of another commit")
    parser.add_argument("--cells", type=int, default=CELLS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    checkouts = [HERE] + ([arguments.against.resolve()] if arguments.against else [])
    readings: dict[Path, list[tuple[float, float]]] = {checkout: [] for checkout in checkouts}
    with TemporaryDirectory() as name:
        journal = Path(name) / "records.jsonl"
        with journal.open("w", encoding="utf-8") as file:
            file.writelines(lines(arguments.cells))
        print(f"{arguments.cells} cells, {journal.stat().st_size / 2**20:.0f} MiB, {arguments.rounds} rounds")
        for _ in range(arguments.rounds):
            for checkout in checkouts:
                readings[checkout].append(read(Path(name), checkout))
    for checkout in checkouts:
        seconds, mebibytes = map(statistics.median, zip(*readings[checkout], strict=True))
        print(f"{checkout}: {seconds:.1f} s of CPU, {mebibytes:.0f} MiB at the peak")
    for other in checkouts[1:]:
        pairs = list(zip(readings[HERE], readings[other], strict=True))
        time = statistics.median(mine[0] / theirs[0] for mine, theirs in pairs)
        memory = statistics.median(mine[1] / theirs[1] for mine, theirs in pairs)
        print(f"{time:.2f}x the CPU time and {memory:.2f}x the memory of {other}")


if __name__ == "__main__":
    main()
