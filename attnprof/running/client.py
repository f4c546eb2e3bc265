"""The parent's side of a worker: start it, order, wait with a deadline, tell what it died of."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import Any

from attnprof.errors import EnvironmentProblem
from attnprof.records.environment import Environment
from attnprof.records.record import Event
from attnprof.spec import Spec

COMMAND: tuple[str, ...] = (sys.executable, "-m", "attnprof.worker.server")
START_SECONDS = 120.0  # importing torch on a cold disk
# Above the default thresholds glibc gives memory back at every free, and page faults are measured instead of kernels.
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**31),
    "MALLOC_TOP_PAD_": str(2**26),
}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class WorkerGone(Exception):
    """The worker died or did not answer in time; ``status`` is 'crashed' or 'timeout'."""

    def __init__(self, status: str, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class Worker:
    """One child process in a session of its own. Blocking reads have a deadline; a dead child is an answer."""

    def __init__(self, device: str, threads: int, memory_limit: int | None, allow_busy: bool = False) -> None:
        environment = {
            **os.environ,
            **MALLOC,
            **dict.fromkeys(THREADS, str(threads)),
            "TOKENIZERS_PARALLELISM": "false",
        }
        # What modules and libraries print goes to a file: it may tell what the child died of.
        self._stray = tempfile.TemporaryFile()  # noqa: SIM115 # lives as long as the child
        self._process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stray,
            env=environment,
            start_new_session=True,
        )
        self._answers: Queue[Event | None] = Queue()
        self._ear = Thread(target=self._listen, daemon=True)
        self._ear.start()
        self._environment: Environment | None = None
        setting = {
            "device": device,
            "threads": threads,
            "memory_limit": memory_limit,
            "allow_busy": allow_busy,
        }
        self.order(setting)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError):  # the line in which it was killed
            for line in self._process.stdout:
                self._answers.put(json.loads(line))
        self._answers.put(None)

    @property
    def environment(self) -> Environment:
        """What the worker says of its device. Raises EnvironmentProblem where the device cannot be used."""
        if self._environment is None:
            try:
                answer = self.answer(START_SECONDS)
            except WorkerGone as gone:
                raise EnvironmentProblem(f"the worker process did not start: {gone}") from None
            if answer["event"] == "unavailable":
                self.kill()
                raise EnvironmentProblem(str(answer["reason"]))
            self._environment = answer["environment"]
        return self._environment

    def order(self, order: dict[str, Any]) -> None:
        """Send one order; a dead worker is found out by the answer that does not come."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()

    def answer(self, seconds: float | None) -> Event:
        """The next line. Raises WorkerGone when the worker dies, or says nothing for ``seconds`` (None: for ever)."""
        try:
            event = self._answers.get(timeout=seconds)
        except Empty:
            self.kill()
            raise WorkerGone("timeout", f"no answer within {seconds:.0f} s; the worker was stopped") from None
        if event is None:
            raise WorkerGone("crashed", self._obituary())
        return event

    def _obituary(self) -> str:
        code = self._process.wait()
        self._stray.seek(0)
        said = self._stray.read().decode(errors="replace").strip().splitlines()
        self.kill()
        if code < 0:
            name = signal.Signals(-code).name
            return f"the worker was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
        return f"the worker ended with exit code {code}" + (f": {said[-1][:200]}" if said else "")

    def kill(self) -> None:
        """End the child and whatever it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._ear.join()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()
        self._stray.close()


def start_worker(spec: Spec, device: str | None = None) -> Worker:
    """A worker for what ``spec`` asks; its environment tells which device 'auto' is."""
    wanted = device or ("meta" if spec.no_latency else spec.device)
    return Worker(wanted, spec.threads, spec.memory_limit, spec.allow_busy)
