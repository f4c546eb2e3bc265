"""python -m tests.faults --seed 7 --cases 100000: give so many inputs to the command line, and say what went wrong."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.faults.campaign import run_inputs
from tests.faults.child import arena, numbered
from tests.faults.trial import faults, run


def main() -> int:
    """1 where there was a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition(": ")[2])
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--cases", type=int, default=2000, metavar="N", help="so many inputs [2000]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes at once")
    parser.add_argument(
        "--only", type=int, metavar="N", help="this input of the seed, in a folder that stays"
    )
    options = parser.parse_args()
    if options.only is not None:
        return show(options.seed, options.only)
    tally = run_inputs(options.seed, range(options.cases), options.jobs)
    print(tally)
    return 1 if tally.faults else 0


def show(seed: int, number: int) -> int:
    """Run one input: print the lines for a shell that do the same, what came of it, and what is wrong with it."""
    with arena(Path(tempfile.mkdtemp(prefix="attnprof-faults-"))) as place:
        tested = numbered(place, seed, number)
        outcome = run(place, tested)
        wrong = faults(tested, outcome)
        place.lay({**tested.files, **({"stdin": tested.stdin} if tested.stdin else {})})
    print(f"cd {place.here}\n{tested.shell}\n\nexit code {outcome.code}")
    for title, text in {
        "stdout": outcome.out, "stderr": outcome.err, "files": "\n".join(sorted(outcome.changes)), "wrong": "\n".join(wrong),
    }.items():  # fmt: skip
        print(f"--- {title}\n{text.rstrip()}")
    return 1 if wrong else 0


sys.exit(main())
