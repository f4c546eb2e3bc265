"""README's first command, again and again: how long it takes, and how far its figures can be believed.

    python -m benchmarks.first_command --repeats 12 --against DIR --busy 6 --pairs 3 --save FOLDER
    python -m benchmarks.first_command --load FOLDER

The first line runs the command twelve times, in turn with that of another commit (--against: a checkout),
six more times beside a core that is kept busy, and three times a pair of runs of one program, which
`attnprof diff` compares. What is in FOLDER already is not run again, so that a long measurement can be made
in parts. The second line judges what FOLDER holds. Without --save nothing stays.

Exit code 1 when a bar is missed, 4 when something could not be measured.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from attnprof.records.journal import environment_in
from benchmarks import _methods
from benchmarks._first_command_report import Output, Session, bars, table
from benchmarks._methods import Failed
from benchmarks._outputs import rows_of

HERE = Path(__file__).parents[1]
COMMAND = "--channels 64,256 --res 56"
PAIR = "-m se,eca,gc,ca,simam,cbam --channels 64,256 --res 56 --time-budget 60s"
QUIET, BUSY, OTHER, PAIRS = KINDS = ("quiet", "busy", "other", "pair")
HALVES = ("a", "b")  # of a pair
LOOK = 0.05  # seconds between two looks at the journal
RUN, TIMES = "run", "times.json"
FAILED = 4


@dataclass(frozen=True)
class Times:
    """How long a run took; all are seconds."""

    wall: float
    counted: float  # from the start until the last cell's own counts were on disk
    import_torch: float  # of a process that imports torch and does nothing else, just before


def main(words: list[str] | None = None) -> int:
    """Run what is not there yet, and judge everything."""
    arguments = _arguments(words)
    with tempfile.TemporaryDirectory() as work:
        folder = arguments.load or arguments.save or Path(work)
        problems = [] if arguments.load else list(_measure(arguments, folder))
        session = load(folder)
        print("\n".join([_machine(folder), "", *table(session), ""]))
    results = bars(session)
    print("\n".join(bar.text for bar in results))
    if problems or not results:
        return FAILED
    return int(not all(bar.kept for bar in results))


def _measure(arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    """Run every step whose output is not in ``folder``; yields what went wrong."""
    counts = {
        QUIET: arguments.repeats,
        OTHER: arguments.against_repeats if arguments.against else 0,
        BUSY: arguments.busy,
        PAIRS: arguments.pairs,
    }
    for kind, number in schedule(counts):
        for place, words in _runs(arguments, folder / f"{kind}-{number:02}", kind):
            if (place / TIMES).exists():
                continue
            print(f"{place.relative_to(folder)}: attnprof run {words}", file=sys.stderr)
            checkout = arguments.against.resolve() if kind == OTHER else HERE
            try:
                with _methods.busy(_others()) if kind == BUSY else nullcontext():
                    once(checkout, shlex.split(words), place)
            except Failed as problem:
                print(problem, file=sys.stderr)
                yield str(problem)


def _runs(arguments: argparse.Namespace, place: Path, kind: str) -> list[tuple[Path, str]]:
    """The folders of one step, and the words of the command whose run each is for."""
    if kind != PAIRS:
        return [(place, arguments.command)]
    return [(place / half, arguments.pair) for half in HALVES]


def schedule(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """As many steps of each kind as ``counts`` says, (kind, number), spread evenly over the session."""
    steps = [
        ((number + 0.5) / count, kind, number) for kind, count in counts.items() for number in range(count)
    ]
    return [(kind, number) for _, kind, number in sorted(steps)]


def once(checkout: Path, words: Sequence[str], place: Path) -> None:
    """Run the command of ``checkout``, and keep in ``place`` what it wrote and how long it took. Raises
    Failed."""
    shutil.rmtree(place, ignore_errors=True)  # of a run that was interrupted
    place.mkdir(parents=True)
    # In the checkout: 'python -m' prefers the current folder to PYTHONPATH.
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    start = monotonic()
    subprocess.run([sys.executable, "-c", "import torch"], check=True, env=environment, cwd=checkout)
    import_torch = monotonic() - start
    run = (place / RUN).resolve()
    command = [sys.executable, "-m", "attnprof", "run", *words, "-o", str(run)]
    with (place / "output.txt").open("w", encoding="utf-8") as output:
        start = monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=checkout)
        counted = _seconds_until_counted(process, run / "records.jsonl", start)
        process.wait()
        wall = monotonic() - start
    if process.returncode:
        raise Failed(f"{' '.join(command[2:])}: exit code {process.returncode}: {_last_line(place)}")
    (place / TIMES).write_text(json.dumps(asdict(Times(wall, counted, import_torch))), encoding="utf-8")


def _seconds_until_counted(process: subprocess.Popen[bytes], journal: Path, start: float) -> float:
    """Watch the journal while ``process`` runs: seconds from ``start`` until no cell came that was not there
    before."""
    watch = JournalWatch()
    counted = 0.0
    while process.poll() is None:
        sleep(LOOK)
        if journal.exists():
            watch.file = watch.file or journal.open("rb")
            if watch.new_cells():
                counted = monotonic() - start
    if watch.file:
        watch.file.close()
    return counted


class JournalWatch:
    """A journal that is being written, read as it grows."""

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self.file = file
        self._torn = b""  # the beginning of a line whose end is not written yet
        self._cells: set[str] = set()

    def new_cells(self) -> int:
        """How many cells were counted since the last look. Counts that are written again, with those of other
        counters, are none."""
        assert self.file is not None
        *lines, self._torn = (self._torn + self.file.read()).split(b"\n")
        before = len(self._cells)
        accounts = [line for line in lines if b'"event":"account"' in line]
        self._cells |= {json.loads(line)["key"] for line in accounts}
        return len(self._cells) - before


def load(folder: Path) -> Session:
    """The session whose runs ``folder`` holds."""
    session = Session()
    for kind, outputs in ((QUIET, session.quiet), (BUSY, session.busy), (OTHER, session.other)):
        outputs += [_output(path.parent) for path in sorted(folder.glob(f"{kind}-*/{TIMES}"))]
    for pair in sorted(folder.glob(f"{PAIRS}-*")):
        if all((pair / half / TIMES).exists() for half in HALVES):
            session.verdicts += _verdicts(*(pair / half / RUN for half in HALVES))
    return session


def _output(place: Path) -> Output:
    times = Times(**json.loads((place / TIMES).read_text(encoding="utf-8")))
    return Output(times.wall, times.counted, times.import_torch, rows_of(place / RUN))


def _verdicts(before: Path, after: Path) -> list[str]:
    """What `attnprof diff` calls each cell of two runs."""
    command = [sys.executable, "-m", "attnprof", "diff", str(before), str(after), "--format", "json"]
    text = subprocess.run(command, check=False, capture_output=True, text=True, cwd=HERE).stdout
    return [cell["outcome"]["verdict"] for cell in json.loads(text)["cells"] if cell["outcome"]]


def _last_line(place: Path) -> str:
    lines = (place / "output.txt").read_text(encoding="utf-8").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def _others() -> int:
    return max(1, len(os.sched_getaffinity(0)) - 1)


def _machine(folder: Path) -> str:
    """On what the first of the runs in ``folder`` ran."""
    environments = sorted(folder.glob(f"*/{RUN}/environment.json"))
    if not environments:
        return "nothing was run"
    environment = environment_in(environments[0].parent)
    names = ("device_name", "cores", "torch_version", "started")
    name, cores, torch, started = (environment.get(name) for name in names)
    return f"{name}, {cores} cores, torch {torch}, {str(started)[:10]}"


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.first_command", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--repeats", type=int, default=12, help="runs of the command (12)")
    parser.add_argument("--against", type=Path, metavar="DIR", help="a checkout of another commit")
    parser.add_argument("--against-repeats", type=int, metavar="N", help="runs of it (as many)")
    parser.add_argument("--busy", type=int, nargs="?", default=0, const=-1, metavar="N",
                        help="N further runs beside a busy core (none; without N as many)")  # fmt: skip
    parser.add_argument("--pairs", type=int, default=0, help="pairs of runs that diff compares (0)")
    parser.add_argument("--command", default=COMMAND, metavar="WORDS", help=f"of the command ({COMMAND})")
    parser.add_argument("--pair", default=PAIR, metavar="WORDS", help=f"of the runs of a pair ({PAIR})")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--save", type=Path, metavar="FOLDER", help="keep the runs, and run only what is not there"
    )
    where.add_argument("--load", type=Path, metavar="FOLDER", help="run nothing, judge what is there")
    arguments = parser.parse_args(words)
    arguments.busy = arguments.repeats if arguments.busy < 0 else arguments.busy
    if arguments.against_repeats is None:
        arguments.against_repeats = arguments.repeats
    return arguments


if __name__ == "__main__":
    sys.exit(main())
