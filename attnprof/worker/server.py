"""The child process that builds, counts and measures cases. One JSON object per line in and out.

First line in: {"device", "threads", "memory_limit", "allow_busy"}. First line out: "hello" with the environment, or
"unavailable" with the reason. Then come orders:

    {"do": "account", "case", "metrics"}   answered by one event of the case
    {"do": "peaks", "dtypes"}              answered by "peaks"
    {"do": "measure", ...}                 attnprof.running.protocol: an event of each case as it is finished, and "end"
    {"do": "finish"}                       no answer: the order at hand ends after the visit at hand

While it measures, "at" lines say which case it is with: before whatever may take long, and when that changes. The parent's
end of input ends the process at once, whatever it is doing.
"""

import gc
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from queue import SimpleQueue
from threading import Event as Signal
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from attnprof import explaining
from attnprof.backends import is_out_of_memory
from attnprof.errors import AttnprofError, ImpossibleShapeError
from attnprof.records.case import Case
from attnprof.records.record import Event, account_event

if TYPE_CHECKING:
    from attnprof.measuring.trial import Trial

Say = Callable[[Event], None]
DEVICE_LOST = 70  # exit code after an error that stays
BETWEEN_LINES = (
    0.2  # seconds, about the same case: the eye needs no more, and the pipe costs the measurement something
)


def main() -> None:
    """Serve the parent until its end of input."""
    # Whatever a module prints must not reach the parent's protocol.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def say(event: Event) -> None:
        out.write(json.dumps(event) + "\n")

    orders: SimpleQueue[dict[str, Any]] = SimpleQueue()
    finish = Signal()
    Thread(target=_listen, args=(orders, finish), daemon=True).start()
    server = Server(orders.get(), finish)
    say(server.hello())
    while True:
        server.serve(orders.get(), say)


def _listen(orders: "SimpleQueue[dict[str, Any]]", finish: Signal) -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if order.get("do") == "finish":
            finish.set()
        else:
            orders.put(order)
    os._exit(0)  # the parent is gone: nobody needs an answer any more


class Server:
    """A device, ready to account for cases and to measure them. ``finish`` is set to end a long order early."""

    def __init__(self, setting: dict[str, Any], finish: Signal | None = None) -> None:
        self.setting = setting
        self._finish = finish or Signal()

    def hello(self) -> Event:
        """Set the device up and say what it is, or why it cannot be used."""
        from attnprof.backends import BACKENDS
        from attnprof.measuring.timer import timer
        from attnprof.records.environment import software

        wanted = self.setting["device"]
        if wanted == "meta":
            BACKENDS.get("cpu").limit_memory(self.setting["memory_limit"])  # some counters compute for real
            return {
                "event": "hello",
                "environment": {**software(), "device": "meta", "device_name": "", "threads": 0},
            }
        import torch

        torch.set_num_threads(self.setting["threads"])
        if wanted == "auto":
            usable = [name for name in BACKENDS.names() if BACKENDS.get(name).unavailable() is None]
            wanted = next((name for name in usable if name != "cpu"), "cpu")
        name, _, index = wanted.partition(":")
        self.backend = BACKENDS.get(name)
        reason = self.backend.unavailable()
        if reason:
            return {"event": "unavailable", "reason": reason}
        number = int(index or 0)
        try:
            self.device = self.backend.device(number)
            environment = {**software(), **self.backend.describe(number)}
            busy = None if self.setting.get("allow_busy") else self.backend.others()
            if busy:
                return {"event": "unavailable", "reason": f"{wanted}: {busy}"}
            self.backend.limit_memory(self.setting["memory_limit"])
        except (RuntimeError, AssertionError) as problem:
            return {"event": "unavailable", "reason": f"{wanted}: {_first_line(problem)}"}
        full = name if name == "cpu" else f"{name}:{number}"
        environment |= {
            "device": full,
            "threads": self.setting["threads"],
            "timer": asdict(timer()),
            "memory_limit": self.setting["memory_limit"],
        }
        return {"event": "hello", "environment": environment}

    def serve(self, order: dict[str, Any], say: Say) -> None:
        """Do what is asked, and say what comes of it."""
        if order["do"] == "measure":
            self._measure(order, say)
        else:
            say(self.answer(order))

    def answer(self, order: dict[str, Any]) -> Event:
        """The one event that answers an order to account or to find peaks; a failure is an answer too."""
        if order["do"] == "peaks":
            return self._peaks(order["dtypes"])
        case = Case.from_json(order["case"])
        try:
            if order["do"] in explaining.ORDERS:
                return explaining.answer(case, order)
            return _account(case, order)
        except Exception as problem:  # noqa: BLE001 # whatever a module raises is its row's reason
            return failed_event(case, problem)

    def _peaks(self, dtypes: list[str]) -> Event:
        from attnprof.measuring.peaks import peaks
        from attnprof.subject.build import DTYPES

        self.backend.limit_memory(None)  # the limit is for what a cell allocates
        try:
            found = peaks(self.backend, self.device, [DTYPES[name] for name in dtypes])
        finally:
            self.backend.limit_memory(self.setting["memory_limit"])
        return {"event": "peaks", "peaks": asdict(found)}

    def _measure(self, line: dict[str, Any], say: Say) -> None:
        from attnprof.running.protocol import Order
        from attnprof.worker.block import Visiting

        told, last = "", 0.0

        def watch(trial: "Trial") -> None:
            nonlocal told, last
            if trial.key != told or monotonic() - last > BETWEEN_LINES:
                told, last = trial.key, monotonic()
                say({"event": "at", "key": trial.key, "seconds": trial.per_call or None})

        order = Order.from_json(line)
        # Whatever is imported by now stays. Collections would walk all of it again, one for each cell whose memory is weighed.
        gc.collect()
        gc.freeze()
        limit = self.setting["memory_limit"]
        Visiting(order, self.backend, self.device, failed_event, self._finish.is_set, limit).run(say, watch)
        say({"event": "end"})


def failed_event(case: Case, problem: BaseException) -> Event:
    """What a case ends in that raised ``problem``. An error after which the device answers nothing more ends the process:
    the parent then tries the case again in a fresh one."""
    if _is_sticky(problem):
        print(_first_line(problem), file=sys.stderr, flush=True)
        os._exit(DEVICE_LOST)
    if isinstance(problem, ImpossibleShapeError):  # seen only when a network is built
        status, reason = "skipped", str(problem)
    elif isinstance(problem, AttnprofError):
        status, reason = "failed", str(problem)
    elif is_out_of_memory(problem):
        status, reason = "oom", _first_line(problem) or "no memory"
    else:
        status, reason = "failed", f"{type(problem).__name__}: {_first_line(problem)}"
    return {"event": "failed", "key": case.key, "status": status, "reason": reason}


def _account(case: Case, order: dict[str, Any]) -> Event:
    from attnprof.metrics import Findings
    from attnprof.planning import metric
    from attnprof.subject.counts import count, count_with, static_of

    metrics = {name: metric(name) for name in order["metrics"]}
    counted, flags = count(case)
    names = [found.counter for found in metrics.values() if found.counter]
    counts: dict[str, int | str] = dict.fromkeys(
        names, "the worker was lost while the counters ran; not asked again"
    )
    if order.get("counters", True):
        counts = {name: count_with(name, case, counted.macs) for name in names}
    findings = Findings(case, account=counted, counters=counts)
    measurements = [found.measure(findings) for found in metrics.values()]
    return account_event(case, measurements, flags, static_of(case, counted))


def _is_sticky(problem: BaseException) -> bool:
    return type(problem).__name__ == "AcceleratorError" or str(problem).startswith("CUDA error")


def _first_line(problem: BaseException) -> str:
    lines = str(problem).strip().splitlines()
    return lines[0][:300] if lines else ""


if __name__ == "__main__":
    main()
