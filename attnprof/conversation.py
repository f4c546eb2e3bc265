"""One order to measure, from being sent to its end: what the worker tells, and what it was with when it went."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from attnprof.order import Order
from attnprof.record import Event
from attnprof.supervisor import Worker, WorkerGone


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
