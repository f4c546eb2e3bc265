"""The whole of it: children that run inputs, what they say, and a table of it."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread

from tests.faults.child import kind_of
from tests.faults.trial import SECONDS

SILENCE = 3 * SECONDS  # after which a child is not going to say anything


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
        """Figures of all, then each fault: how often, what, and in which inputs."""
        lines = [
            f"{sum(self.kinds.values())} inputs: "
            + ", ".join(f"{n} {kind}" for kind, n in self.kinds.items())
        ]
        lines.append("exit codes: " + ", ".join(f"{code} {n} times" for code, n in self.codes.most_common()))
        lines.append(f"{len(self.faults)} distinct faults")
        for fault, numbers in sorted(self.faults.items(), key=lambda item: -len(item[1])):
            lines.append(f"{len(numbers):5} {fault}  {numbers[:3]}")
        return "\n".join(lines)


class Child:
    """A process that runs the inputs of ``numbers``."""

    def __init__(self, seed: int, numbers: range) -> None:
        arguments = [seed, numbers.start, numbers.stop, numbers.step]
        command = [sys.executable, "-m", "tests.faults.child", *map(str, arguments)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
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
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def _line(self) -> bytes:
        """The next line; none at the end, and where the process is silent for too long."""
        try:
            return self._lines.get(timeout=SILENCE)
        except Empty:
            self._process.kill()
            return b""


def run_inputs(seed: int, numbers: range, jobs: int) -> Tally:
    """Give inputs to the command line, in so many processes at once; the first of each fault is printed."""
    tally = Tally()
    reports: SimpleQueue[Report | None] = SimpleQueue()
    for job in range(jobs):
        Thread(target=_work, args=(seed, numbers[job::jobs], reports.put), daemon=True).start()
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


def _work(seed: int, numbers: range, put: Callable[[Report | None], None]) -> None:
    """Run the inputs in a process, and in another one where an input ends it."""
    try:
        while numbers:
            last = numbers[0]
            for report in Child(seed, numbers).reports():
                last = report.number
                put(report)
            numbers = numbers[numbers.index(last) + 1 :]
    finally:
        put(None)


def again(seed: int, number: int) -> str:
    """The command that runs one input again, and leaves its folder."""
    return f"python -m tests.faults --seed {seed} --only {number}"
