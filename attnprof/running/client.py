"""Client for one worker process: start it, send requests, wait with a timeout, report why it exited."""

from collections import deque
from collections.abc import Callable
from secrets import token_hex
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

from attnprof.catalogue.fresh_python import fresh_python
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.launchers import Link, Start
from attnprof.launchers.local import start as start_here
from attnprof.records.codec import encode
from attnprof.records.environment import Environment
from attnprof.running.checking import is_last, objection
from attnprof.running.protocol import (
    FinishRequest,
    ReadyResponse,
    Request,
    Response,
    SetupRequest,
    UnavailableResponse,
    responses,
)
from attnprof.system.processes import signal_name

if TYPE_CHECKING:
    from attnprof.spec import Spec

COMMAND: tuple[str, ...] = fresh_python(
    "import runpy; runpy.run_module('attnprof.worker', run_name='__main__')"
)
START_SECONDS = 120.0  # importing torch on a cold disk
STARTS = 3  # of a worker that is killed while it starts
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

    def __init__(self, status: str, reason: str, killed: bool = False) -> None:
        self.status = status
        self.killed = killed  # by a signal
        super().__init__(reason)


class Worker:
    """One worker process, or another program, ``command``, that answers as a worker does. Every wait for it
    has a deadline, its exit ends them all, and what it says is checked before it is believed.

    launch: what starts it, here or elsewhere: ``Lane.open``.
    """

    def __init__(
        self,
        setup: SetupRequest,
        command: tuple[str, ...] = (),
        launch: Callable[[Start], Link] = start_here,
    ) -> None:
        self._command, self._launch = command or COMMAND, launch
        self._setup = msgspec.structs.replace(setup, token=token_hex(8))
        self._environment: Environment | None = None
        self._link: Link
        self._requests: deque[Request]  # that are not answered whole, the oldest first
        self._process: bytes  # the number of the child's process, as its lines say it; empty before the first
        self._start()

    @property
    def environment(self) -> Environment:
        """The worker's environment, once it is ready. Raises EnvironmentProblem where the device cannot be
        used, and UsageError where it can, but not as it is requested."""
        if self._environment is None:
            self._environment = self._set_up()
        return self._environment

    def send(self, request: Request) -> None:
        """Send one request, also where others are not answered yet. Where the worker has exited, ``receive``
        reports it."""
        if not isinstance(request, FinishRequest):
            self._requests.append(request)
        self._link.write(encode(request))

    def receive(self, timeout: float | None) -> Response:
        """The next response to the oldest request. Raises WorkerGone where the worker exits, sends nothing
        for ``timeout`` seconds (None: no limit), or sends what is no response to the request."""
        end = None if timeout is None else monotonic() + timeout
        while True:
            try:
                line = self._link.line(None if end is None else max(0.0, end - monotonic()))
            except TimeoutError:
                self.kill()
                reason = f"no answer within {timeout:.0f} s; the worker was stopped"
                raise WorkerGone("timeout", reason) from None
            if not line:
                raise self._gone()
            _, process, message = line.split(b" ", 2)
            self._process = self._process or process  # the first line is written before any module runs
            if process == self._process:  # else it is a copy of the worker that went on, too
                return self._believed(message)

    def kill(self) -> None:
        """End the process and whatever it started."""
        self._link.kill()

    def _start(self) -> None:
        self._process = b""
        self._requests = deque()
        prefix = f"{self._setup.token} ".encode()
        self._link = self._launch(Start(self._command, _variables(self._setup.threads), prefix))
        self.send(self._setup)

    def _set_up(self) -> Environment:
        response = self._first_response()
        if isinstance(response, UnavailableResponse):
            self.kill()
            raise UsageError(response.reason) if response.is_usable else EnvironmentProblem(response.reason)
        assert isinstance(response, ReadyResponse)
        return response.environment

    def _first_response(self) -> Response:
        """One that is killed while it starts, for want of memory above all, is started again."""
        for start in range(STARTS):
            if start:
                self._start()
            try:
                return self.receive(START_SECONDS)
            except WorkerGone as gone:
                problem = gone
                if not gone.killed:
                    break
        raise EnvironmentProblem(f"the worker process did not start: {problem}")

    def _believed(self, message: bytes) -> Response:
        try:
            response = responses.decode(message)
            complaint = self._objection(response)
        except ValueError as problem:
            complaint = str(problem)
        if not complaint:
            if is_last(self._requests[0], response):
                self._requests.popleft()
            return response
        self.kill()
        raise WorkerGone("crashed", f"the worker answered what cannot be, and was stopped: {complaint[:200]}")

    def _objection(self, response: Response) -> str:
        """Why ``response`` cannot be one to the oldest request; empty where it can."""
        return objection(self._requests[0], response) if self._requests else "nothing was requested"

    def _gone(self) -> WorkerGone:
        """Why no more lines will come."""
        code, words = self._link.exit_code(), self._link.last_line()[:200]
        self.kill()
        if code is None:
            return WorkerGone("crashed", "the worker's connection was cut, and it was stopped")
        if code < 0:
            return WorkerGone("crashed", f"the worker was killed by {_signal_name(-code)}", killed=True)
        return WorkerGone(
            "crashed", f"the worker ended with exit code {code}" + (f": {words}" if words else "")
        )


def _signal_name(number: int) -> str:
    name = signal_name(number)
    return f"{name} (out of memory?)" if name == "SIGKILL" else name


def _variables(threads: int) -> dict[str, str]:
    """The environment variables that a worker needs."""
    limits = dict.fromkeys(THREADS, str(threads))
    return {**MALLOC, **limits, "TOKENIZERS_PARALLELISM": "false"}


def setup_for(spec: "Spec", device: str | None = None) -> SetupRequest:
    """The setup of a worker for ``spec``, before there is a plan: its environment then says which device
    'auto' is."""
    default = "meta" if spec.no_latency else spec.device
    return SetupRequest(device or default, spec.threads, spec.memory_limit, spec.allow_busy, spec.arithmetic)


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
        """The worker, its device set up: its start is on no case's clock. Raises WorkerGone where the slot is
        closed, also by another thread meanwhile."""
        worker = self._worker
        if worker is None:
            self._require_open()
            worker = self._worker = self._start()
        self._require_open()
        _ = worker.environment  # waits
        return worker

    def _require_open(self) -> None:
        if self.closed:
            self.stop()
            raise WorkerGone("crashed", "the run ended")

    def stop(self) -> None:
        """End the worker, if there is one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()

    def close(self) -> None:
        """End the worker, whoever waits for it."""
        self.closed = True
        self.stop()
