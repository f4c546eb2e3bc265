"""python -m tests.faults --seed 7 --cases 100000 --kills 200: give so many inputs to the command line, kill runs so often."""

import argparse
import os
import sys
import tempfile
from datetime import date
from pathlib import Path

from tests.faults.campaign import Tally, run_inputs, table
from tests.faults.child import arena, numbered
from tests.faults.kills import Losses, kill_runs
from tests.faults.trial import judged

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- the last campaign -->\n", "\n<!-- its end -->"


def main() -> int:
    """1 where there was a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition(": ")[2])
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--cases", type=int, default=2000, metavar="N", help="so many inputs [2000]")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="so many kills of runs [0]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes at once")
    parser.add_argument(
        "--only", type=int, metavar="N", help="this input of the seed, in a folder that stays"
    )
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    options = parser.parse_args()
    if options.only is not None:
        return show(options.seed, options.only)
    tally = run_inputs(options.seed, range(options.cases), options.jobs)
    losses = kill_runs(options.seed, options.kills, options.jobs) if options.kills else Losses()
    figures = table(tally, losses, f"campaign of {date.today()}, seed {options.seed}")
    print(f"\n{figures}\n")
    if options.write:
        write(figures)
    return 1 if has_failed(tally, losses) else 0


def has_failed(tally: Tally, losses: Losses) -> bool:
    """Whether there was a fault; each is printed."""
    for problem in filter(None, [str(tally), *losses.problems]):
        print(problem)
    return bool(tally.faults or losses.problems)


def write(figures: str) -> None:
    """Put the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, behind = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{figures}\n{END}{behind}", encoding="utf-8")


def show(seed: int, number: int) -> int:
    """Run one input: print the lines for a shell that do the same, what came of it, and what is wrong with it."""
    with arena(Path(tempfile.mkdtemp(prefix="attnprof-faults-"))) as place:
        tested = numbered(place, seed, number)
        outcome, wrong = judged(place, tested)
        place.lay({**tested.files, **({"stdin": tested.stdin} if tested.stdin else {})})
    changes, problems = "\n".join(sorted(outcome.changes)), "\n".join(wrong)
    print(f"cd {place.here}\n{tested.shell}\n\nexit code {outcome.code}")
    for title, text in {
        "stdout": outcome.out, "stderr": outcome.err, "files": changes, "wrong": problems,
    }.items():  # fmt: skip
        print(f"--- {title}\n{text.rstrip()}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
