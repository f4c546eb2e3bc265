"""A process that gives inputs to the command line, one after the other.

child.py SEED FIRST END STEP: the inputs of these numbers. It prints one JSON line before each and one behind it: where
an input takes this process along, the parent knows which.
"""

import json
import os
import resource
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from attnprof.catalogue import importer
from attnprof.running import client
from tests.faults import commands, folders, sheets, specs
from tests.faults.arena import LATER, MODULE, RUN, SHEET, SPEC, Arena, Content, Link
from tests.faults.stand_in import StandIn, answers_about
from tests.faults.trial import Input, judged, run
from tests.synthetic import folder

# Of ten inputs in a row, so many are of each kind.
KINDS: Sequence[tuple[str, Callable[[Random, Mapping[str, Content]], Input]]] = (
    *([("command lines", commands.draw)] * 4),
    *([("spec files", specs.draw)] * 2),
    *([("damaged folders", folders.draw)] * 3),
    ("tables", sheets.draw),
)
MEMORY = 6 * 2**30  # bytes of address space
VARIABLES = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
FILES: Mapping[str, Content] = {
    "my.py": MODULE.encode(),
    "spec.toml": SPEC.encode(),
    "empty.toml": b"",
    "folder.toml": None,
    "empty": None,
    "text.txt": b"some text\n",
    "binary.bin": bytes(range(256)),
    "loop": Link("loop"),
}


def kind_of(number: int) -> str:
    """The kind of the input with this number."""
    return KINDS[number % len(KINDS)][0]


def numbered(place: Arena, seed: int, number: int) -> Input:
    """Input ``number`` of a seed: the same at any time."""
    _, draw = KINDS[number % len(KINDS)]
    return draw(Random(f"{seed}-{number}"), place.original)


@contextmanager
def arena(root: Path) -> Iterator[Arena]:
    """An arena at ``root``, with the files that every input finds, in a process that is prepared for it.

    Nothing is measured and no browser opens.
    """
    for name in [name for name in os.environ if name.startswith("ATTNPROF_") or name in VARIABLES]:
        del os.environ[name]
    sys.dont_write_bytecode = True  # Python's own files are none of an input's
    client.Worker = StandIn
    importer.answers_about = answers_about
    webbrowser.open = lambda *more, **settings: False
    place = Arena(root)
    grid = {"modules": "se,cbam,cbam(reduction=8),eca,none", "channels": "16,32", "res": "8,16"}
    for run_folder in (RUN, LATER):
        folder(place.here / run_folder, **grid)
    place.furnish(FILES)
    table = run(place, Input(("table", RUN, "--format", "csv")))
    place.furnish({SHEET: table.out.encode()})
    _settle(place)
    yield place


def _settle(place: Arena) -> None:
    """Import what commands import on their first use, which may write caches; then limit the memory."""
    for line in (["plot", RUN, "-o", "x.svg"], ["report", RUN, "-o", "x.html"], ["diff", RUN, LATER]):
        run(place, Input(tuple(line)))
    tempfile.tempdir = str(place.root)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))


def main(seed: int, numbers: range) -> None:
    """Run them all."""
    with tempfile.TemporaryDirectory(prefix="attnprof-faults-") as root, arena(Path(root)) as place:
        for number in numbers:
            tested = numbered(place, seed, number)
            say({"begin": number})
            outcome, wrong = judged(place, tested)
            say(
                {"end": number, "code": outcome.code, "faults": wrong, "shell": tested.shell if wrong else ""}
            )


def say(what: Mapping[str, object]) -> None:
    """A line for the parent."""
    sys.__stdout__.write(json.dumps(what) + "\n")
    sys.__stdout__.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), range(*map(int, sys.argv[2:])))
