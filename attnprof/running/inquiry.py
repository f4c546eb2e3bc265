"""Questions to a worker about one case: its explanation, what other counters say, its closed forms.

The module and the counters run in the worker alone, so that whatever they die of is an answer.
"""

from types import TracebackType
from typing import Any, Self

from attnprof.counters import COUNTERS, Counter
from attnprof.errors import UsageError
from attnprof.explaining.explanation import CounterReport, Explanation, Form
from attnprof.records.case import Case
from attnprof.running.client import Worker, WorkerGone, start_worker
from attnprof.spec import Spec


class Asking:
    """A worker to ask, started when the first question comes and ended with the context."""

    def __init__(self) -> None:
        self._spec = Spec(modules="none", points="1@1", no_latency=True)
        self._worker: Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def explanation(self, case: Case, verify: bool = False) -> Explanation:
        """The counts of ``case`` and their tree. Raises UsageError where the module cannot be built or called."""
        return Explanation.from_json(self._found(case, {"do": "explain", "verify": verify}))

    def forms(self, case: Case, around: bool = False) -> list[Form]:
        """The closed forms of ``case``; around: only the piece around its size. Raises UsageError."""
        return [Form.from_json(form) for form in self._found(case, {"do": "forms", "around": around})]

    def counters(self, case: Case) -> list[CounterReport]:
        """What every other counter says; one that crashes or hangs says so."""
        return [self._says(name, case) for name in COUNTERS.names()]

    def _says(self, name: str, case: Case) -> CounterReport:
        try:
            answer = self._ask(case, {"do": "compare", "counter": name}, self._spec.timeout)
        except WorkerGone as gone:
            answer = {"event": "failed", "reason": str(gone)}
        if answer["event"] == "failed":
            counter: Counter = COUNTERS.get(name)
            return CounterReport(counter.title or name, None, f"failed: {answer['reason']}")
        return CounterReport.from_json(answer["found"])

    def _found(self, case: Case, order: dict[str, Any]) -> Any:
        try:
            answer = self._ask(case, order, None)
        except WorkerGone as gone:
            raise UsageError(f"{case.label}: {gone}") from None
        if answer["event"] == "failed":
            raise UsageError(f"{case.label}: {answer['reason']}")
        return answer["found"]

    def _ask(self, case: Case, order: dict[str, Any], seconds: float | None) -> dict[str, Any]:
        if self._worker is None:
            self._worker = start_worker(self._spec)
        try:
            _ = self._worker.environment  # it is ready: its start is not on the clock
            self._worker.order({**order, "case": case.to_json()})
            return self._worker.answer(seconds)
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.kill()
        self._worker = None
