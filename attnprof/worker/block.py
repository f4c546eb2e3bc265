"""A block of cases measured in one process: built, visited in rounds, weighed, and told one by one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from statistics import median
from time import monotonic
from typing import Any

import torch

from attnprof.backends import Backend, Condition, Memory, is_out_of_memory
from attnprof.counting import Account
from attnprof.measuring.rounds import Effort, Rounds
from attnprof.measuring.timer import timer
from attnprof.measuring.trial import Trial, Watch
from attnprof.metrics import Findings, Metric
from attnprof.planning import metric
from attnprof.records.case import Case
from attnprof.records.record import Event, visit_event
from attnprof.running.protocol import Order
from attnprof.subject.calls import Forward, Step, call_of, reference
from attnprof.subject.counts import count
from attnprof.subject.inputs import ring
from attnprof.units import show_bytes


class Visiting:
    """An order as it is carried out on a device: ``run`` tells each case's event as soon as it is finished.

    ``failed`` makes an event of what a case raised; ``stop`` is asked between visits. memory_limit: bytes that a case may
    allocate, None for nine tenths of what is free.
    """

    def __init__(
        self,
        order: Order,
        backend: Backend,
        device: torch.device,
        failed: Callable[[Case, Exception], Event],
        stop: Callable[[], bool],
        memory_limit: int | None = None,
    ) -> None:
        self._order, self._backend, self._device = order, backend, device
        self._limit = memory_limit
        self._failed, self._stop = failed, stop
        self._metrics: list[Metric] = [metric(name) for name in order.metrics]
        self._needs = {need for each in self._metrics for need in (each.needs, *each.also)}
        self._cases = {case.key: case for case in order.cases}
        self._calls: dict[str, Forward | Step] = {}

    def run(self, say: Callable[[Event], None], watch: Watch) -> None:
        """Measure all of them, saying one event of each that has something to tell. watch: told of every trial's steps."""
        began = monotonic()
        try:
            inputs = self._ring()
        except Exception as problem:  # noqa: BLE001 # no memory for the inputs is no memory for any of the cells
            for case in self._order.cases:
                say(self._failed(case, problem))
            return
        least = timer().least_sample
        trials = [
            Trial(case.key, partial(self._build, case, inputs), watch, least) for case in self._order.cases
        ]
        beside = Trial("", lambda: reference(self._device), watch, least)
        effort = self._order.effort if "timing" in self._needs else Effort(0.0, fewest=1)
        effort = replace(
            effort, seconds=effort.seconds - (monotonic() - began)
        )  # a large cache wants many inputs
        rounds = Rounds(self._backend, trials, effort, reference=beside, stop=self._stop)
        for trial in rounds:
            say(self._told(trial, beside))
            self._calls.pop(trial.key, None)
            trial.drop()

    def _ring(self) -> Iterator[torch.Tensor]:
        """The inputs of all cells. The limit is for what a cell allocates, and they are none of its."""
        cache = self._backend.cache_bytes()
        self._backend.limit_memory(None)
        try:
            return ring(self._order.cases[0], self._device, cache)
        except RuntimeError as problem:
            if self._order.cases[0].inputs == "hot" or not is_out_of_memory(problem):
                raise
            needed = f"inputs that are cold in a cache of {show_bytes(cache)} take twice that, and there is no memory for them"
            raise MemoryError(f"{needed}; --hot needs one alone") from problem
        finally:
            self._backend.limit_memory(self._limit)

    def _build(self, case: Case, inputs: Any) -> Forward | Step:
        call = self._calls[case.key] = call_of(case, self._device, inputs)
        return call

    def _told(self, trial: Trial, beside: Trial) -> Event:
        case = self._cases[trial.key]
        if trial.problem:
            return self._failed(case, trial.problem)
        try:
            steady = beside.timing() if beside.taken else None
            timing = trial.timing(self._order.spread, steady.median if steady and steady.samples else None)
            memory = self._weigh(trial.key)
            account: Account | None = count(case)[0] if "account" in self._needs else None
            found = Findings(case, account, timing=timing, memory=memory, peaks=self._order.peaks)
            measurements = [each.measure(found) for each in self._metrics]
        except Exception as problem:  # noqa: BLE001 # memory may run out under the profiler, too
            return self._failed(case, problem)
        flags = timing.flags if "timing" in self._needs else ()
        leaks = memory is not None and memory.kept > self._calls[trial.key].keeps
        flags += ("leak",) * leaks
        return visit_event(case, self._order.repeat, measurements, flags, state_of(timing.conditions))

    def _weigh(self, key: str) -> Memory | None:
        if "memory" not in self._needs:
            return None
        call = self._calls[key]
        call.clear()
        return self._backend.weigh(call)


def state_of(conditions: Sequence[Condition]) -> dict[str, float]:
    """The device's state during a cell's visits: the median clock in Hz, the share of samples taken while it slowed itself,
    and the most heat and power; nothing where it does not tell."""
    if not conditions:
        return {}
    found = {
        "clock": median(each.clock for each in conditions),
        "throttled": sum(each.throttled for each in conditions) / len(conditions),
    }
    heat = [each.celsius for each in conditions if each.celsius is not None]
    power = [each.watts for each in conditions if each.watts is not None]
    return found | ({"celsius": max(heat)} if heat else {}) | ({"watts": max(power)} if power else {})
