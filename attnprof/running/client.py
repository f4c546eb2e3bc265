"""Client for one worker process: start it, send requests, wait with a timeout, report why it exited."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING

from attnprof.errors import EnvironmentProblem
from attnprof.records.codec import encode
from attnprof.records.environment import Environment
from attnprof.running.protocol import (
    ReadyResponse,
    Request,
    Response,
    SetupRequest,
    UnavailableResponse,
    responses,
)

if TYPE_CHECKING:
    from attnprof.spec import Spec

COMMAND: tuple[str, ...] = (sys.executable, "-m", "attnprof.worker")
START_SECONDS = 120.0  # importing torch on a cold disk
# Above the default thresholds glibc gives memory back at every free, and page faults are measured instead of
# kernels.
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**31),
    "MALLOC_TOP_PAD_": str(2**26),
}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class WorkerGone(Exception):
    """The worker exited, or did not respond in time; ``status`` is 'crashed' or 'timeout'."""

    def __init__(self, status: str, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class Worker:
    """One child process in a session of its own. Reads have a deadline; the exit of the child ends them,
    too."""

    def __init__(self, setup: SetupRequest) -> None:
        # What modules and libraries print goes to a file: its last line may say why the child exited.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 # lives as long as the child
        self._process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=_variables(setup.threads),
            start_new_session=True,
        )
        self._responses: Queue[Response | None] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self._environment: Environment | None = None
        self.send(setup)

    @property
    def environment(self) -> Environment:
        """The worker's environment, once it is ready. Raises EnvironmentProblem where the device cannot be
        used."""
        if self._environment is None:
            self._environment = self._set_up()
        return self._environment

    def send(self, request: Request) -> None:
        """Send one request. Where the worker has exited, ``receive`` reports it."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(encode(request))
            self._process.stdin.flush()

    def receive(self, timeout: float | None) -> Response:
        """The next response. Raises WorkerGone where the worker exits, or sends nothing for ``timeout``
        seconds (None: no limit)."""
        try:
            response = self._responses.get(timeout=timeout)
        except Empty:
            self.kill()
            raise WorkerGone("timeout", f"no answer within {timeout:.0f} s; the worker was stopped") from None
        if response is None:
            raise WorkerGone("crashed", self._exit_reason())
        return response

    def kill(self) -> None:
        """End the child and whatever it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()
        self._stderr.close()

    def _set_up(self) -> Environment:
        try:
            response = self.receive(START_SECONDS)
        except WorkerGone as gone:
            raise EnvironmentProblem(f"the worker process did not start: {gone}") from None
        if isinstance(response, UnavailableResponse):
            self.kill()
            raise EnvironmentProblem(response.reason)
        assert isinstance(response, ReadyResponse)
        return response.environment

    def _read(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError):  # the line that it was killed in
            for line in self._process.stdout:
                self._responses.put(responses.decode(line))
        self._responses.put(None)

    def _exit_reason(self) -> str:
        code = self._process.wait()
        lines: list[str] = []
        with suppress(ValueError):  # another thread has ended the worker
            self._stderr.seek(0)
            lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        self.kill()
        if code < 0:
            name = signal.Signals(-code).name
            return f"the worker was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
        return f"the worker ended with exit code {code}" + (f": {lines[-1][:200]}" if lines else "")


def _variables(threads: int) -> dict[str, str]:
    """The environment variables of a worker."""
    limits = dict.fromkeys(THREADS, str(threads))
    return {**os.environ, **MALLOC, **limits, "TOKENIZERS_PARALLELISM": "false"}


def setup_for(spec: "Spec", device: str | None = None) -> SetupRequest:
    """The setup of a worker for ``spec``, before there is a plan: its environment then says which device
    'auto' is."""
    default = "meta" if spec.no_latency else spec.device
    return SetupRequest(device or default, spec.threads, spec.memory_limit, spec.allow_busy)


def start_worker(setup: SetupRequest) -> Worker:
    """A worker that sets its device up."""
    return Worker(setup)


class WorkerSlot:
    """Room for one worker: started when it is needed, replaced when it is stopped. A closed slot starts no
    more."""

    def __init__(self, start: Callable[[], Worker], worker: Worker | None = None) -> None:
        self.closed = False
        self._start, self._worker = start, worker

    def ready(self) -> Worker:
        """The worker, its device set up: its start is on no case's clock."""
        if self._worker is None:
            self._worker = self._start()
        _ = self._worker.environment  # waits
        return self._worker

    def stop(self) -> None:
        """End the worker, if there is one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()

    def close(self) -> None:
        """End the worker, whoever waits for it."""
        self.closed = True
        self.stop()
