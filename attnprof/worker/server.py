"""The child process: it builds, counts and measures what the parent requests (attnprof.running.protocol).

The parent's end of input ends the process at once, whatever it is doing.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from queue import SimpleQueue
from shutil import disk_usage
from threading import Event as Signal
from threading import Thread
from time import monotonic

import msgspec
import torch

from attnprof.backends import BACKENDS, EXACT, Backend, is_out_of_memory
from attnprof.errors import AttnprofError, EnvironmentProblem, ImpossibleShapeError, one_line
from attnprof.measuring.inputs import RandomPool
from attnprof.measuring.peaks import peaks
from attnprof.measuring.timer import timer
from attnprof.measuring.trial import Trial
from attnprof.metrics import METRICS, Findings
from attnprof.metrics._measure import measure
from attnprof.records.case import Case
from attnprof.records.codec import encode
from attnprof.records.environment import core_numbers, software
from attnprof.records.record import AccountEvent, account_event
from attnprof.running.protocol import (
    AccountRequest,
    CaseRequest,
    CaseResponse,
    CompareRequest,
    CompareResponse,
    DifferentResponse,
    EndResponse,
    ExplainRequest,
    ExplainResponse,
    ExportRequest,
    ExportResponse,
    Failure,
    FinishRequest,
    FormsRequest,
    FormsResponse,
    KernelsRequest,
    KernelsResponse,
    MeasureRequest,
    ModelEvent,
    ModelRequest,
    NetworkRequest,
    PeaksEvent,
    PeaksRequest,
    ReadyResponse,
    Request,
    Response,
    SetupRequest,
    StepEvent,
    ThreadsRequest,
    ThreadsResponse,
    UnavailableResponse,
    requests,
)
from attnprof.runtimes import DifferentOutput
from attnprof.runtimes._models import write_model
from attnprof.subject import calls, counts
from attnprof.subject.build import DTYPES
from attnprof.worker.block import Block
from attnprof.worker.connection import Connection
from attnprof.worker.delivery import deliver
from attnprof.worker.exporting import export
from attnprof.worker.guest import Guest, ProcessSpoilt, guest_of
from attnprof.worker.kernels import kernels_of
from attnprof.worker.settings import HEAP
from attnprof.worker.threads import threads_ratio

Send = Callable[[Response], None]
DEVICE_LOST = 70  # exit code after an error that stays
SPOILT = 71  # exit code after a module that changed the process for good
NO_ROOM = 2**16  # bytes: a disk with less is full
STEP_SECONDS = 0.2  # between StepEvents of one case: the pipe costs the measurement something


def serve(connection: Connection) -> None:
    """Serve the parent until its end of input."""
    pending: SimpleQueue[Request] = SimpleQueue()
    finish = Signal()
    Thread(target=_read, args=(connection, pending, finish), daemon=True).start()
    server = Server(finish)
    while True:
        server.respond(pending.get(), lambda response: connection.send(encode(response)))


def _read(connection: Connection, pending: "SimpleQueue[Request]", finish: Signal) -> None:
    try:
        for line in connection.lines():
            request = requests.decode(line)
            if isinstance(request, FinishRequest):
                finish.set()
                continue
            if isinstance(request, SetupRequest):
                connection.token = request.token.encode()
            pending.put(request)
    finally:
        os._exit(0)  # the parent is gone, or out of reach: nobody needs a response any more


class Server:
    """A device, ready to count and to measure cases. ``finish`` is set to end a long request early."""

    def __init__(self, finish: Signal | None = None) -> None:
        self._finish = finish or Signal()
        self._memory_limit: int | None = None
        self._arithmetic = EXACT
        self._pool = RandomPool()

    def respond(self, request: Request, send: Send) -> None:
        """Carry ``request`` out and send the responses."""
        match request:
            case SetupRequest():
                send(self.set_up(request))
            case PeaksRequest():
                send(self._measure_peaks(request))
            case MeasureRequest():
                self._measure(request, send)
            case ModelRequest():
                send(write_model_of(request))
            case KernelsRequest():
                send(self._kernels(request))
            case ThreadsRequest():
                send(self._threads(request.case))
            case FinishRequest():
                self._finish.set()
            case _:
                send(respond_about_case(request))

    def set_up(self, setup: SetupRequest) -> ReadyResponse | UnavailableResponse:
        """Set the device up, and describe it, or say why it cannot be used."""
        self._memory_limit, self._arithmetic = setup.memory_limit, setup.arithmetic
        try:
            deliver(setup.files)
        except (OSError, SyntaxError, EnvironmentProblem) as problem:
            return UnavailableResponse(one_line(problem))
        if setup.device == "meta":
            BACKENDS.get("cpu").limit_memory(setup.memory_limit)  # some counters compute for real
            return ReadyResponse({**software(), "device": "meta", "device_name": "", "threads": 0})
        torch.set_num_threads(setup.threads)
        device = best_device() if setup.device == "auto" else setup.device
        name, _, number = device.partition(":")
        self._backend: Backend = BACKENDS.get(name)
        if reason := self._backend.unavailable():
            return UnavailableResponse(reason)
        try:
            return self._open(device, int(number or 0), setup)
        except (RuntimeError, AssertionError, EnvironmentProblem) as problem:
            return UnavailableResponse(f"{device}: {one_line(problem)}")

    def _open(self, device: str, number: int, setup: SetupRequest) -> ReadyResponse | UnavailableResponse:
        self._device = self._backend.device(number)
        if reason := self._backend.refusal(setup.arithmetic):
            return UnavailableResponse(f"{device}: {reason}", is_usable=True)
        self._backend.set_switches(setup.arithmetic)
        environment = {**software(), **self._backend.describe(number)}
        busy = None if setup.allow_busy else self._backend.others()
        if busy:
            return UnavailableResponse(f"{device}: {busy}")
        self._backend.limit_memory(setup.memory_limit)
        environment |= {
            "device": "cpu" if device == "cpu" else f"{device.partition(':')[0]}:{number}",
            "threads": setup.threads,
            "core_numbers": core_numbers(),
            "timer": vars(timer()),
            "estimator": self._backend.estimator,
            "memory_limit": setup.memory_limit,
        }
        return ReadyResponse(environment)

    def _measure_peaks(self, request: PeaksRequest) -> PeaksEvent:
        self._backend.limit_memory(None)  # the limit is for what a case allocates
        try:
            dtypes = [DTYPES[name] for name in request.dtypes]
            return PeaksEvent(peaks(self._backend, self._device, dtypes))
        finally:
            self._backend.limit_memory(self._memory_limit)

    def _kernels(self, request: KernelsRequest) -> KernelsResponse | Failure:
        tempfile.tempdir = request.folder or None  # of all that the runtimes write, too
        try:
            report = kernels_of(
                request.case, self._backend, self._device, self._pool, self._memory_limit, self._arithmetic
            )
        except Exception as problem:  # noqa: BLE001 # whatever a module raises is the reason
            return failure(request.case, problem)
        finally:
            tempfile.tempdir = None
        return KernelsResponse(report)

    def _threads(self, case: Case) -> ThreadsResponse | Failure:
        try:
            return ThreadsResponse(threads_ratio(case, self._device))
        except Exception as problem:  # noqa: BLE001 # whatever an engine raises is the reason
            return failure(case, problem)

    def _measure(self, request: MeasureRequest, send: Send) -> None:
        HEAP.freeze()  # what is imported by now stays
        block = Block(
            request,
            self._backend,
            self._device,
            failure,
            self._finish.is_set,
            self._memory_limit,
            self._pool,
            self._arithmetic,
        )
        try:
            block.measure(send, Steps(send, lambda: block.preparation))
        except ProcessSpoilt as problem:  # the others are measured by another process, and it alone
            print(problem, file=sys.stderr, flush=True)
            os._exit(SPOILT)
        send(EndResponse(block.preparation))


class Steps:
    """Tells the parent which case is measured: when that changes, and now and then."""

    def __init__(self, send: Send, preparation: Callable[[], float]) -> None:
        """preparation: seconds that the block has spent on it until now."""
        self._send, self._preparation = send, preparation
        self._key, self._time = "", 0.0  # of the last StepEvent

    def __call__(self, trial: Trial) -> None:
        """Send a StepEvent where one is due."""
        now = monotonic()
        if trial.key != self._key or now - self._time > STEP_SECONDS:
            self._key, self._time = trial.key, now
            self._send(StepEvent(trial.key, trial.per_call or None, self._preparation()))


def best_device() -> str:
    """A device that can be used: an accelerator where there is one."""
    usable = [name for name in BACKENDS.names() if BACKENDS.get(name).unavailable() is None]
    return next((name for name in usable if name != "cpu"), "cpu")


def respond_about_case(request: CaseRequest | NetworkRequest) -> CaseResponse:
    """The response to a request about one case or network. A failure is a response, too."""
    if isinstance(request, NetworkRequest):
        return _explain_network(request)
    guest = guest_of(request.case)
    response = _response(request, guest)
    if guest is None or not isinstance(response, AccountEvent | Failure):
        return response
    return msgspec.structs.replace(response, flags=(*response.flags, *guest.flags))


def write_model_of(request: ModelRequest) -> ModelEvent | Failure:
    """Write the module of a case as its runtime reads it."""
    case, guest = request.case, guest_of(request.case)
    try:
        calls.make_ready(case.runtime)
        with guest.step() if guest else nullcontext():
            model = calls.export(case)
    except Exception as problem:  # noqa: BLE001 # whatever a module raises is its row's reason
        return failure(case, problem)
    # Without the file, where there is no room for it, each process exports the module for itself.
    with suppress(OSError):
        write_model(Path(request.folder), case, model)
    return ModelEvent(case.key, model.seconds, guest.flags if guest else ())


def _response(request: CaseRequest, guest: Guest | None) -> CaseResponse:
    try:
        with guest.step() if guest else nullcontext():
            if isinstance(request, AccountRequest):
                return _account(request)
            return _export(request) if isinstance(request, ExportRequest) else _explain(request)
    except Exception as problem:  # noqa: BLE001 # whatever a module raises is its row's reason
        return failure(request.case, problem)


def _explain_network(request: NetworkRequest) -> ExplainResponse | Failure:
    from attnprof.explaining.network import explain_network

    options = {"train": request.train, "real": request.real}
    try:
        return ExplainResponse(explain_network(request.location, request.settings, request.inputs, **options))
    except AttnprofError as problem:
        return Failure("", "failed", one_line(problem))
    except Exception as problem:  # noqa: BLE001 # whatever a module raises is the reason
        return Failure("", "failed", _named(problem))


def failure(case: Case, problem: BaseException) -> Failure:
    """How a case ends that raised ``problem``. An error after which the device does nothing more ends the
    process: the parent then tries the case again in a fresh one."""
    words = one_line(problem)
    if is_out_of_memory(problem):
        return Failure(case.key, "oom", words or "no memory")
    if _is_sticky(problem, words):
        print(words, file=sys.stderr, flush=True)
        os._exit(DEVICE_LOST)
    if isinstance(problem, ImpossibleShapeError):  # seen only when a network is built
        return Failure(case.key, "skipped", words)
    if isinstance(problem, AttnprofError):
        return Failure(case.key, "failed", words)
    return Failure(case.key, "failed", _named(problem))


def _named(problem: BaseException) -> str:
    """Type and text of ``problem``; without a text, where it was raised, as far as that was noted."""
    words = one_line(problem) or " ".join(getattr(problem, "__notes__", ()))[:300]
    return f"{type(problem).__name__}: {words}" if words else type(problem).__name__


def _account(request: AccountRequest) -> AccountEvent:
    case = request.case
    counted = counts.count(case)
    account = counted.account
    metrics = [METRICS.get(name) for name in request.metrics]
    counters: dict[str, int | str] = {
        metric.counter: request.no_counters for metric in metrics if metric.counter
    }
    if not request.no_counters:
        counters = {name: counts.count_with(name, case, account.macs) for name in counters}
    findings = Findings(case, account=account, counters=counters)
    measurements = [measure(metric, findings) for metric in metrics]
    return account_event(case, measurements, counted.flags, counts.footprint(case, account), counted.remarks)


def _export(request: ExportRequest) -> ExportResponse | DifferentResponse | UnavailableResponse:
    path = Path(request.path)
    try:
        return ExportResponse(export(request.case, request.kind, path, request.opset))
    except DifferentOutput as problem:
        return DifferentResponse(one_line(problem))
    except Exception:
        # An exporter says it in words of its own, and in exceptions that are no OSError.
        if disk_usage(path.parent).free < NO_ROOM:
            return UnavailableResponse(f"no space left for {path.name}")
        raise


def _explain(request: ExplainRequest | CompareRequest | FormsRequest) -> CaseResponse:
    # Few workers are asked to explain, and the others do without these imports.
    from attnprof.explaining.counters import compare
    from attnprof.explaining.forms import forms
    from attnprof.explaining.tree import explain

    if isinstance(request, ExplainRequest):
        return ExplainResponse(explain(request.case, verify=request.verify))
    if isinstance(request, CompareRequest):
        return CompareResponse(compare(request.counter, request.case))
    return FormsResponse(tuple(forms(request.case, around=request.around)))


def _is_sticky(problem: BaseException, words: str) -> bool:
    return type(problem).__name__ == "AcceleratorError" or words.startswith("CUDA error")
