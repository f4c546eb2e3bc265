"""What a worker is asked to measure, as it goes over the pipe."""

from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from attnprof.measuring.bound import Peaks
from attnprof.measuring.rounds import Effort
from attnprof.records.case import Case
from attnprof.records.record import Event
from attnprof.running.client import Worker, WorkerGone


@dataclass(frozen=True)
class Order:
    """A block of cases for one process. metrics: names. repeat: the number of the process, from 0.

    spread: show quartiles instead of an interval. peaks: what the device can do at best, where a metric asks for it.
    """

    cases: tuple[Case, ...]
    metrics: tuple[str, ...]
    effort: Effort
    repeat: int = 0
    spread: bool = False
    peaks: Peaks | None = None

    def to_json(self) -> dict[str, Any]:
        """The order as a line of the protocol."""
        return {
            "do": "measure",
            "cases": [case.to_json() for case in self.cases],
            "metrics": list(self.metrics),
            "effort": asdict(self.effort),
            "repeat": self.repeat,
            "spread": self.spread,
            "peaks": asdict(self.peaks) if self.peaks else None,
        }

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> Self:
        """The order that ``to_json`` wrote."""
        return cls(
            tuple(map(Case.from_json, line["cases"])),
            tuple(line["metrics"]),
            Effort(**line["effort"]),
            line["repeat"],
            line["spread"],
            Peaks.from_json(line["peaks"]) if line["peaks"] else None,
        )


@dataclass
class Heard:
    """What came of an order. visited, failed: keys, and for the latter the worker's word. leaks: whether a case kept memory.
    gone: why the worker is no more, and at: the key it was with then."""

    visited: set[str] = field(default_factory=set)
    failed: dict[str, Event] = field(default_factory=dict)
    leaks: bool = False
    gone: WorkerGone | None = None
    at: str = ""


def converse(
    worker: Worker, order: Order, timeout: float | None, stopped: Callable[[], bool]
) -> Generator[Event, None, Heard]:
    """Yield 'at' and 'visit' events as they come, and return what came of the order.

    timeout: seconds within which the worker must say something. Where ``stopped``, it is told to come to an end.
    """
    heard, told = Heard(), False
    worker.order(order.to_json())
    while True:
        if stopped() and not told:
            worker.order({"do": "finish"})
            told = True
        try:
            event = worker.answer(timeout)
        except WorkerGone as gone:
            heard.gone = gone
            return heard
        if event["event"] == "end":
            return heard
        if event["event"] == "failed":
            heard.failed[event["key"]] = event
            continue
        if event["event"] == "visit":
            heard.visited.add(event["key"])
            heard.leaks = heard.leaks or "leak" in event["flags"]
        elif event["event"] == "at":
            heard.at = event["key"] or heard.at
        yield event
