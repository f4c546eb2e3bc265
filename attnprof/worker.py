"""The child process that builds, counts and measures cases. One JSON object per line in and out.

First line in: {"device", "threads", "memory_limit"}. First line out: "hello" with the environment, or "unavailable"
with the reason. Then each order, {"do": "account" | "measure", "case", ...}, is answered by an event of that case, after
any number of "estimate" lines. The parent's end of input ends the process at once, whatever it is doing.
"""

import json
import os
import sys
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any

from attnprof import explaining
from attnprof.case import Case
from attnprof.errors import AttnprofError, ImpossibleShapeError
from attnprof.record import Event, account_event, visit_event

Say = Callable[[Event], None]
BETWEEN_ESTIMATES = 0.2  # seconds: the eye needs no more, and the pipe costs the measurement something


def main() -> None:
    """Serve the parent until its end of input."""
    # Whatever a module prints must not reach the parent's protocol.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def say(event: Event) -> None:
        out.write(json.dumps(event) + "\n")

    orders: SimpleQueue[dict[str, Any]] = SimpleQueue()
    Thread(target=_listen, args=(orders,), daemon=True).start()
    serve = Server(orders.get())
    say(serve.hello())
    while True:
        order = orders.get()
        say(serve.answer(order, say))


def _listen(orders: "SimpleQueue[dict[str, Any]]") -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    os._exit(0)  # the parent is gone: nobody needs an answer any more


class Server:
    """A device, ready to account for cases and to measure them."""

    def __init__(self, setting: dict[str, Any]) -> None:
        self.setting = setting

    def hello(self) -> Event:
        """Set the device up and say what it is, or why it cannot be used."""
        from attnprof.environment import software
        from attnprof.spec import BACKENDS

        wanted = self.setting["device"]
        if wanted == "meta":
            BACKENDS.get("cpu").limit_memory(self.setting["memory_limit"])  # some counters compute for real
            return {"event": "hello", "environment": {**software(), "device": "meta", "device_name": "", "threads": 0}}
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
            self.backend.limit_memory(self.setting["memory_limit"])
        except (RuntimeError, AssertionError) as problem:
            return {"event": "unavailable", "reason": f"{wanted}: {_first_line(problem)}"}
        full = name if name == "cpu" else f"{name}:{number}"
        environment |= {
            "device": full,
            "threads": self.setting["threads"],
            "memory_limit": self.setting["memory_limit"],
        }
        return {"event": "hello", "environment": environment}

    def answer(self, order: dict[str, Any], say: Say) -> Event:
        """Do what is asked of one case; a failure is an answer too."""
        case = Case.from_json(order["case"])
        try:
            if order["do"] in explaining.ORDERS:
                return explaining.answer(case, order)
            return _account(case, order) if order["do"] == "account" else self._measure(case, order, say)
        except ImpossibleShapeError as problem:  # seen only when a network is built
            return {"event": "failed", "key": case.key, "status": "skipped", "reason": str(problem)}
        except AttnprofError as problem:
            return {"event": "failed", "key": case.key, "status": "failed", "reason": str(problem)}
        except MemoryError as problem:
            return {"event": "failed", "key": case.key, "status": "oom", "reason": _first_line(problem) or "no memory"}
        except Exception as problem:  # noqa: BLE001 # whatever a module raises is its row's reason
            status = "oom" if _is_out_of_memory(problem) else "failed"
            reason = _first_line(problem) if status == "oom" else f"{type(problem).__name__}: {_first_line(problem)}"
            return {"event": "failed", "key": case.key, "status": status, "reason": reason}

    def _measure(self, case: Case, order: dict[str, Any], say: Say) -> Event:
        from attnprof.measuring.timing import time_call
        from attnprof.metrics import Findings
        from attnprof.planning import metric
        from attnprof.subject import call_of

        metrics = {name: metric(name) for name in order["metrics"]}
        needs = {found.needs for found in metrics.values()}
        call = call_of(case, self.backend, self.device)
        last = 0.0

        def watch(seconds: float) -> None:
            nonlocal last
            if monotonic() - last > BETWEEN_ESTIMATES:
                last = monotonic()
                say({"event": "estimate", "key": case.key, "seconds": seconds})

        timing = None
        if "timing" in needs:  # before anything else runs it: its first call is the process's first
            timing = time_call(self.backend, call, order["precision"], order["budget"], watch)
        else:
            call()
        memory = self.backend.peak_memory(call) if "memory" in needs else None
        findings = Findings(case, timing=timing, memory=memory)
        flags = timing.flags if timing else ()
        return visit_event(case, 0, [found.follows(findings) for found in metrics.values()], flags)


def _account(case: Case, order: dict[str, Any]) -> Event:
    from attnprof.metrics import Findings
    from attnprof.planning import metric
    from attnprof.subject import ask_peer, count

    metrics = {name: metric(name) for name in order["metrics"]}
    counted, flags = count(case)
    names = [found.counter for found in metrics.values() if found.counter]
    peers: dict[str, int | str] = dict.fromkeys(names, "the worker was lost while the counters ran; not asked again")
    if order.get("peers", True):
        peers = {name: ask_peer(name, case, counted.macs) for name in names}
    findings = Findings(case, account=counted, peers=peers)
    return account_event(case, [found.follows(findings) for found in metrics.values()], flags)


def _is_out_of_memory(problem: BaseException) -> bool:
    return type(problem).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(problem)


def _first_line(problem: BaseException) -> str:
    lines = str(problem).strip().splitlines()
    return lines[0][:300] if lines else ""


if __name__ == "__main__":
    main()
