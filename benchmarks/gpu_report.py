"""Print what the script for a GPU has measured, as Markdown for docs/measuring.md.

    python -m benchmarks.gpu_report FOLDER

FOLDER is the one that ``python -m benchmarks.gpu`` has written. What is not in it is left out.
"""

import csv
import io
import json
import sys
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import kernels, timers
from benchmarks._gpu_joining import RUNS, SUMMARY
from benchmarks.kernels import Compared
from benchmarks.timers import Timed

TABLE = "results.csv"
NO_FOLDER = 4
Row = Mapping[str, str]  # of a run's table


def machine(summary: Mapping[str, Any]) -> Iterator[str]:
    """What was measured on, and how long each step took."""
    known = dict(summary["machine"])
    smi = known.pop("nvidia-smi", [])
    yield ", ".join(f"{name} {value}" for name, value in known.items() if value)
    yield from smi
    yield ""
    steps = [
        (each["name"], each["status"], f"{each['seconds']:.0f} of {each['limit']:.0f}")
        for each in summary["steps"]
    ]
    yield from table(("step", "ended", "seconds"), steps)


def against_profiler(rows: Sequence[Compared]) -> Iterator[str]:
    """How many figures agree with the profiler's, in each group, and how far off the others are."""
    head = (
        "kernels",
        "figure",
        f"within {kernels.SHARE:.0%} or {1e6 * kernels.SECONDS:g} us",
        "middle",
        "least",
        "most",
    )
    lines = []
    for group in dict.fromkeys(row.group for row in rows):
        own = [row.pairs for row in rows if row.group == group]
        for figure in own[0]:
            pairs = [each[figure] for each in own]
            hits = sum(kernels.agree(*pair) for pair in pairs)
            quotients = [ours / theirs for ours, theirs in pairs]
            spread = (f"{value:.3f}" for value in (median(quotients), min(quotients), max(quotients)))
            lines.append((group, figure, f"{hits} of {len(pairs)}", *spread))
    yield from table(head, lines)


def against_timers(rows: Sequence[Timed]) -> Iterator[str]:
    """Each peer over ours, over modules, and how much both vary over repeats."""
    head = ("peer", "ours", "batch", "modules", "middle", "least", "most", "peer varies", "ours varies")
    every = list(timers.ratios(rows))
    lines = []
    for peer, batch in dict.fromkeys((each.peer, each.batch) for each in every):
        own = [each for each in every if (each.peer, each.batch) == (peer, batch)]
        quotients = [each.ratio for each in own]
        spread = (f"{value:.2f}" for value in (median(quotients), min(quotients), max(quotients)))
        varies = (median(each.peer_varies for each in own), median(each.ours_varies for each in own))
        shares = (f"{100 * value:.1f} %" for value in varies)
        lines.append((peer, timers.PAIRS[peer], str(batch), str(len(own)), *spread, *shares))
    yield from table(head, lines)


def of_runs(runs: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """How the cells of each run ended, and whether any was faster than its bound."""
    lines = []
    for name, rows in runs.items():
        statuses = Counter(row["status"] for row in rows)
        others = ", ".join(f"{number} {status}" for status, number in statuses.items() if status != "ok")
        over = [
            time / float(row["bound_s"]) for row in rows if row.get("bound_s") and (time := least_time(row))
        ]
        below = sum(quotient < 1 for quotient in over)
        least = f"{min(over):.2f}" if over else "-"
        lines.append(
            (name, str(len(rows)), str(statuses["ok"]), others or "-", f"{below} of {len(over)}", least)
        )
    yield from table(("run", "rows", "ok", "others", "below the bound", "least time / bound"), lines)
    for name, rows in runs.items():
        for row in rows:
            if row["status"] not in ("ok", "skipped"):
                size = f"{row['channels']}@{row['height']}"
                yield f"- {name}: {row['module']}@{size} ({row['mode']}) {row['status']}: {row['reason']}"


def least_time(row: Row) -> float | None:
    """The shortest time of a row, in seconds: a bound is of all of them."""
    times = [float(row[name]) for name in ("latency_s", "device_time_s") if row.get(name)]
    return min(times) if times else None


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for line in lines:
        yield f"| {' | '.join(line)} |"


def tables_of_runs(archive: Path) -> dict[str, list[Row]]:
    """The rows of every run that has a table, by the name of its folder."""
    rows = {}
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            folder, _, name = member.name.partition("/")
            if name == TABLE and (file := packed.extractfile(member)):
                rows[folder] = list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8")))
    return rows


def report(folder: Path) -> Iterator[str]:
    """All tables that there are results for, each under its heading."""

    def rows_in(name: str) -> list[Any]:
        file = folder / name
        return json.loads(file.read_text(encoding="utf-8"))["rows"] if file.exists() else []

    if (folder / SUMMARY).exists():
        yield from ("### Machine and steps", "")
        yield from machine(json.loads((folder / SUMMARY).read_text(encoding="utf-8")))
    if compared := rows_in("kernels.json"):
        yield from ("", "### Beside the profiler", "")
        yield from against_profiler([Compared(**row) for row in compared])
    if timed := rows_in("timers.json"):
        yield from ("", "### Beside other timers", "")
        yield from against_timers([Timed(**row) for row in timed])
    if (folder / RUNS).exists():
        yield from ("", "### Runs", "")
        yield from of_runs(tables_of_runs(folder / RUNS))


def main(words: list[str] | None = None) -> int:
    """Print the report of one folder; exit code 4 where there is none."""
    names = sys.argv[1:] if words is None else words
    if len(names) != 1 or not Path(names[0]).is_dir():
        print(
            "python -m benchmarks.gpu_report FOLDER: the folder that benchmarks.gpu has written",
            file=sys.stderr,
        )
        return NO_FOLDER
    for line in report(Path(names[0])):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
