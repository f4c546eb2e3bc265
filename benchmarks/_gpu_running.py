"""The steps of the script for a GPU, each in a process of its own that is stopped when its time is up."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from benchmarks._gpu_steps import GRACE, NOTHING, ROOT, Part, Step

TRACEBACK = "Traceback (most recent call last):"
LAST_LINES = 60  # of a step's output that the summary has


@dataclass(frozen=True)
class Outcome:
    """How a step ended. status: 'ok', 'failed', 'stopped' or 'nothing' (it cannot be done here). limit: the
    seconds that it had. output: all that it printed."""

    name: str
    status: str
    code: int | None
    seconds: float
    limit: float
    output: str

    def summary(self) -> dict[str, object]:
        """For the summary: the last lines of the output instead of all."""
        fields = {name: value for name, value in vars(self).items() if name != "output"}
        return {**fields, "last_lines": self.output.splitlines()[-LAST_LINES:]}


@dataclass(frozen=True)
class Interpreter:
    """The Python that runs steps. variables: of its environment. through: a module that runs the module that
    is named behind it, as tests.simulated_cuda.command does; empty: none."""

    variables: Mapping[str, str]
    through: str = ""

    def command(self, words: tuple[str, ...]) -> list[str]:
        """``python`` with the words of a step; pytest has its own ways to simulate a device."""
        if not self.through or words[:1] != ("-m",) or words[1] == "pytest":
            return [sys.executable, *words]
        return [sys.executable, "-m", self.through, *words[1:]]


def run_part(part: Part, python: Interpreter, note: Callable[[Outcome], None]) -> bool:
    """Run the steps one after the other, and ``note`` the outcome of each at once. What a step leaves of its
    time is the next one's. A vital step that fails is the last. Returns whether there was none."""
    spare = 0.0
    for step in part.steps:
        limit = step.seconds + spare
        outcome = run_step(step, limit, python)
        note(outcome)
        spare = max(0.0, limit - outcome.seconds)
        if step.vital and outcome.status == "failed":
            return False
    return True


def run_step(step: Step, limit: float, python: Interpreter) -> Outcome:
    """One step, interrupted when its time is up, and killed when that does not help."""
    start = monotonic()
    process = subprocess.Popen(
        python.command(step.words),
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **python.variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    output, stopped = "", False
    try:
        for seconds, number in _ways_to_end(limit):
            try:
                output, _ = process.communicate(timeout=seconds)
                break
            except subprocess.TimeoutExpired:
                stopped = True
                _signal(process, number)
    finally:  # also where this process itself is interrupted
        if process.poll() is None:
            _signal(process, signal.SIGKILL)
    status = "stopped" if stopped else _status(step, process.returncode, output)
    return Outcome(step.name, status, process.returncode, monotonic() - start, limit, output)


def _ways_to_end(limit: float) -> Iterator[tuple[float | None, int]]:
    """Seconds to wait, and the signal after that."""
    yield max(0.0, limit - GRACE), signal.SIGINT
    yield GRACE, signal.SIGKILL
    yield None, signal.SIGKILL


def _signal(process: "subprocess.Popen[str]", number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _status(step: Step, code: int, output: str) -> str:
    # Some exit codes only say that a bar is missed, or that some cells cannot be measured: that is a result.
    if code not in (0, *step.results) or TRACEBACK in output.splitlines():
        return "failed"
    return "nothing" if code == NOTHING else "ok"
