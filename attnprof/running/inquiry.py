"""Questions to a worker about one case: its explanation, the figures of other counters, its closed forms.

The module and the counters run in the worker alone: a crash is an answer.
"""

from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from attnprof.counters import COUNTERS, Counter
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.explaining.explanation import CounterReport, Explanation, Form
from attnprof.explaining.kernels import KernelReport
from attnprof.exporting import ExportReport
from attnprof.records.case import Case
from attnprof.records.environment import Environment
from attnprof.running.client import WorkerGone, WorkerSlot, start_worker
from attnprof.running.protocol import (
    CaseRequest,
    CompareRequest,
    CompareResponse,
    DifferentResponse,
    ExplainRequest,
    ExplainResponse,
    ExportRequest,
    ExportResponse,
    Failure,
    FormsRequest,
    FormsResponse,
    KernelsRequest,
    KernelsResponse,
    NetworkRequest,
    Response,
    SetupRequest,
    UnavailableResponse,
)
from attnprof.runtimes import DifferentOutput

COUNTER_SECONDS = 60.0  # until a counter that does not respond is stopped
ANSWER_SECONDS = 600.0  # the same of a module: the closed forms of the largest take a minute


class Inquiry:
    """A worker that answers questions: started with the first of them, ended with the context."""

    def __init__(self, setup: SetupRequest | None = None) -> None:
        """setup: of the worker's device; None: it only counts."""
        self._slot = WorkerSlot(lambda: start_worker(setup or SetupRequest()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._slot.close()

    def explanation(self, case: Case, verify: bool = False) -> Explanation:
        """The counts of ``case`` and their tree. Raises UsageError where the module cannot be built or
        called."""
        response = self._ask_of(case, ExplainRequest(case, verify))
        assert isinstance(response, ExplainResponse)
        return response.explanation

    def network(self, request: NetworkRequest) -> Explanation:
        """The counts of a module with inputs of its own, and their tree. Raises UsageError."""
        try:
            response = self._ask(request, ANSWER_SECONDS)
        except WorkerGone as gone:
            raise UsageError(f"{request.location}: {gone}") from None
        if isinstance(response, Failure):
            raise UsageError(f"{request.location}: {response.reason}")
        assert isinstance(response, ExplainResponse)
        return response.explanation

    def forms(self, case: Case, around: bool = False) -> list[Form]:
        """The closed forms of ``case``; around: only the piece that holds at its size. Raises UsageError."""
        response = self._ask_of(case, FormsRequest(case, around))
        assert isinstance(response, FormsResponse)
        return list(response.forms)

    @property
    def environment(self) -> Environment:
        """The worker's. Raises EnvironmentProblem where its device cannot be used."""
        return self._slot.ready().environment

    def kernels(self, case: Case) -> KernelReport:
        """The kernels of a call of ``case``, on the worker's device. Raises UsageError where the module
        cannot be built or called."""
        # Whoever made the folder removes it, whatever becomes of the worker.
        with TemporaryDirectory(prefix="attnprof-kernels-", ignore_cleanup_errors=True) as folder:
            response = self._ask_of(case, KernelsRequest(case, folder))
        assert isinstance(response, KernelsResponse)
        return response.report

    def export(self, case: Case, kind: str, path: str, opset: int | None) -> ExportReport:
        """Write ``case`` to ``path``. Raises UsageError where it cannot be exported; DifferentOutput where
        the file computes something else than torch; EnvironmentProblem where the disk is full."""
        response = self._ask_of(case, ExportRequest(case, kind, path, opset))
        if isinstance(response, DifferentResponse):
            raise DifferentOutput(f"{case.label}: {response.reason}")
        if isinstance(response, UnavailableResponse):
            raise EnvironmentProblem(f"{case.label}: {response.reason}")
        assert isinstance(response, ExportResponse)
        return response.report

    def counters(self, case: Case) -> list[CounterReport]:
        """The figure of every other counter, or why it failed."""
        return [self._counter(name, case) for name in COUNTERS.names()]

    def _counter(self, name: str, case: Case) -> CounterReport:
        try:
            response = self._ask(CompareRequest(case, name), COUNTER_SECONDS)
        except WorkerGone as gone:
            return _failed(name, str(gone))
        if isinstance(response, Failure):
            return _failed(name, response.reason)
        assert isinstance(response, CompareResponse)
        return response.report

    def _ask_of(self, case: Case, request: CaseRequest | KernelsRequest) -> Response:
        """The response to a request that has to succeed. Raises UsageError."""
        try:
            response = self._ask(request, ANSWER_SECONDS)
        except WorkerGone as gone:
            raise UsageError(f"{case.label}: {gone}") from None
        if isinstance(response, Failure):
            raise UsageError(f"{case.label}: {response.reason}")
        return response

    def _ask(self, request: CaseRequest | NetworkRequest | KernelsRequest, timeout: float) -> Response:
        try:
            worker = self._slot.ready()
            worker.send(request)
            return worker.receive(timeout)
        except BaseException:
            self._slot.stop()
            raise


def _failed(name: str, reason: str) -> CounterReport:
    counter: Counter = COUNTERS.get(name)
    return CounterReport(counter.title or name, None, f"failed: {reason}")
