"""The whole of it: children that run inputs, what they say, and a table of it."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from tests.conftest import clean_environment
from tests.faults.child import kind_of
from tests.faults.kills import Losses
from tests.faults.trial import SECONDS

ROOT = Path(__file__).parents[2]
SILENCE = 30 * SECONDS  # after which a child waits for something that does not come, on a busy machine too


@dataclass(frozen=True)
class Report:
    """What a child says of one input."""

    number: int
    code: int | None  # None where the command did not return
    faults: Sequence[str]
    shell: str = ""  # the line for a shell, where there are faults


@dataclass
class Tally:
    """What came of the inputs."""

    kinds: Counter[str] = field(default_factory=Counter)
    codes: Counter[int | None] = field(default_factory=Counter)
    faults: dict[str, list[int]] = field(default_factory=dict)  # what is wrong -> numbers of inputs

    def add(self, report: Report) -> None:
        """Count one input."""
        self.kinds[kind_of(report.number)] += 1
        self.codes[report.code] += 1
        for each in report.faults:
            self.faults.setdefault(each, []).append(report.number)

    def __str__(self) -> str:
        """Each fault: how often, what, and in which inputs."""
        by_number = sorted(self.faults.items(), key=lambda item: -len(item[1]))
        return "\n".join(f"{len(numbers):5} {fault}  {numbers[:3]}" for fault, numbers in by_number)


def table(tally: Tally, losses: Losses, title: str) -> str:
    """The campaign as a table in Markdown. title: what it was, in a few words."""
    tracebacks = [numbers for fault, numbers in tally.faults.items() if fault.startswith("traceback")]
    codes = [numbers for fault, numbers in tally.faults.items() if fault.startswith("exit code")]
    others = sum(map(len, tally.faults.values())) - sum(map(len, tracebacks + codes))
    rows = {
        "inputs": sum(tally.kinds.values()),
        **{f"- {kind}": count for kind, count in tally.kinds.items()},
        **{f"exit code {code}": count for code, count in sorted(tally.codes.items(), key=str)},
        "tracebacks": sum(map(len, tracebacks)),
        "exit codes out of the list": sum(map(len, codes)),
        "other faults": others,
        "kills": f"{losses.kills}, {losses.workers_killed} of them of a worker",
        "resumes": losses.resumes,
        "rows of the runs that were continued": losses.rows,
        "rows lost, repeated, changed": f"{losses.lost}, {losses.repeated}, {losses.changed}",
    }
    lines = [f"| {title} | |", "|:--|--:|", *(f"| {name} | {figure} |" for name, figure in rows.items())]
    return "\n".join(lines)


class Child:
    """A process that runs the inputs of ``numbers``."""

    def __init__(self, python: str, seed: int, numbers: range) -> None:
        arguments = [seed, numbers.start, numbers.stop, numbers.step]
        self._process = subprocess.Popen(
            [python, "-m", "tests.faults.child", *map(str, arguments)],
            env=clean_environment({"PYTHONPATH": str(ROOT)}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        Thread(target=self._read, daemon=True).start()

    def reports(self) -> Iterator[Report]:
        """On each input, also on the one in which the process ended. Raises RuntimeError where it ended before."""
        number = None
        while line := self._line():
            message = json.loads(line)
            number = message.get("begin")
            if number is None:
                yield Report(message["end"], message["code"], message["faults"], message["shell"])
        code = self._process.wait()
        if number is not None:
            yield Report(number, None, [f"the process ends with {code}, or is silent"])
        elif code:
            raise RuntimeError(f"a process of the campaign ended with {code}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(b"")

    def _line(self) -> bytes:
        """The next line; none at the end, and where the process is silent for too long."""
        try:
            return self._lines.get(timeout=SILENCE)
        except Empty:
            self._process.kill()
            return b""


def run_inputs(seed: int, numbers: range, jobs: int, python: str = sys.executable) -> Tally:
    """Give inputs to the command line, in so many processes at once; the first of each fault is printed."""
    tally = Tally()
    reports: SimpleQueue[Report | None] = SimpleQueue()
    for job in range(jobs):
        Thread(target=_work, args=(python, seed, numbers[job::jobs], reports.put), daemon=True).start()
    working = jobs
    while working:
        report = reports.get()
        if report is None:
            working -= 1
            continue
        for fault in report.faults:
            if fault not in tally.faults:
                print(f"{fault}\n  {report.shell[:300]}\n  again: {again(seed, report.number)}", flush=True)
        tally.add(report)
    return tally


def _work(python: str, seed: int, numbers: range, put: Callable[[Report | None], None]) -> None:
    """Run the inputs in a process, and in another one where an input ends it."""
    try:
        while numbers:
            last = numbers[0]
            for report in Child(python, seed, numbers).reports():
                last = report.number
                put(report)
            numbers = numbers[numbers.index(last) + 1 :]
    finally:
        put(None)


def again(seed: int, number: int) -> str:
    """The command that runs one input again, and leaves its folder."""
    return f"python -m tests.faults --seed {seed} --only {number}"
