"""A block of cases measured in one process: built, visited in rounds beside the baseline, their memory
measured, reported one by one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic

import msgspec
import torch

from attnprof.backends import (
    EXACT,
    Arithmetic,
    Backend,
    CaptureFailed,
    Condition,
    KernelTrace,
    Memory,
)
from attnprof.measuring.estimators import ESTIMATORS
from attnprof.measuring.inputs import RandomPool
from attnprof.measuring.load import Load
from attnprof.measuring.ratios import Ratio, ratio_to
from attnprof.measuring.rounds import CUT_SHORT, Effort, Rounds
from attnprof.measuring.timer import timer
from attnprof.measuring.timing import Timing
from attnprof.measuring.trial import Trial, Watch
from attnprof.metrics import METRICS, Findings, Metric
from attnprof.metrics._measure import measure
from attnprof.records.case import Case
from attnprof.records.record import DeviceState, VisitEvent, visit_event
from attnprof.running.protocol import Failure, MeasureRequest
from attnprof.runtimes import RUNTIMES
from attnprof.subject.calls import MeasuredCall, call_of, reference, settling_calls, start_runtime
from attnprof.subject.counts import count
from attnprof.subject.inputs import example
from attnprof.worker.guest import Guest, ProcessSpoilt, guest_of
from attnprof.worker.inputs import block_inputs

Send = Callable[[VisitEvent | Failure], None]
OWN_GRAPHS = "torch.compile replays graphs of its own, unless it found that it could not record them"
OWN_ENGINE = "another engine than torch issues its calls, which are not captured as a graph"
OWN_POOL = "not weighed: torch.compile's graphs hold their memory all the time, and a call allocates none"
OWN_ARENA = "not weighed: torch's allocator does not see what {} allocates"
DEVICE_SECONDS = 0.05  # that a cell takes behind its last visit, where the device has a clock of its own
DEVICE_SHARE = 0.25  # of the effort, at most, for that


class Block:
    """A request to measure a block, as it is carried out on a device."""

    def __init__(
        self,
        request: MeasureRequest,
        backend: Backend,
        device: torch.device,
        failure: Callable[[Case, Exception], Failure],  # how a case ends that raised this
        stopped: Callable[[], bool],  # asked between visits
        memory_limit: int | None = None,  # bytes that a case may allocate; None: nine tenths of what is free
        pool: RandomPool | None = None,  # that the blocks before it took their inputs from
        arithmetic: Arithmetic = EXACT,  # that every case is to have
    ) -> None:
        self._request, self._backend, self._device = request, backend, device
        self._failure, self._stopped, self._memory_limit = failure, stopped, memory_limit
        self._pool = pool or RandomPool()
        self._models = Path(request.models) if request.models else None
        self._metrics: list[Metric] = [METRICS.get(name) for name in request.metrics]
        self._needs = {need for metric in self._metrics for need in (metric.needs, *metric.also)}
        self._on_device = any(metric.on_device for metric in self._metrics)
        if device.type == "cpu":  # which launches none, and has no counter that is ours
            self._needs -= {"kernels", "energy"}
        self._cases = {case.key: case for case in request.cases}
        self._calls: dict[str, MeasuredCall] = {}  # by key of the case
        self._guests: dict[str, Guest | None] = {}  # by key of the case; None for modules of the catalogue
        self._least = timer().least_sample
        self._estimator = ESTIMATORS[request.estimator or backend.estimator]
        self._memories: dict[str, Memory] = {}  # by key of the case
        self._altered: set[str] = set()  # keys of the cases that have changed the arithmetic
        self._arithmetic = arithmetic
        backend.set_switches(arithmetic)
        self._switches = dict(backend.switches())
        self._conversion = 0.0  # seconds that other runtimes than torch took to take modules over
        self._compiling: set[Trial] = set()  # those whose first call compiles
        self._load = Load()
        self._control: Trial
        self._companion: Trial | None = None  # the baseline's

    @property
    def preparation(self) -> float:
        """Seconds in which modules were converted or compiled, which are outside the budget."""
        return self._conversion + sum(trial.first for trial in self._compiling)

    def measure(self, send: Send, watch: Watch) -> None:
        """Measure the cases, and send the result of each as soon as it is finished. watch: called at every
        trial's steps."""
        began = monotonic()
        try:
            case = self._request.cases[0]
            inputs = block_inputs(case, self._backend, self._device, self._pool, self._memory_limit)
        # no memory for the inputs is no memory for any of the cases
        except Exception as problem:  # noqa: BLE001
            for case in self._request.cases:
                send(self._failure(case, problem))
            return
        seconds = monotonic() - began  # a large cache wants many inputs
        trials = {case.key: self._trial(case.key, case, inputs, watch) for case in self._request.cases}
        control = Trial("", lambda: reference(self._device), watch, self._least, self._estimator)
        self._control, self._companion = control, self._companion_of(trials, inputs, watch)
        if case.compile_mode:  # as that of all cases
            self._compiling = {*trials.values(), *filter(None, [self._companion])}
        rounds = Rounds(
            self._backend,
            [trial for trial in trials.values() if trial is not self._companion],
            self._effort(seconds),
            reference=control,
            baseline=self._companion,
            stop=self._stopped,
            clock=lambda: monotonic() - self.preparation,
        )
        for trial in self._in_order(self._closed(rounds, send)):
            self._finish(trial, send)

    def _closed(self, rounds: Iterable[Trial], send: Send) -> Iterator[Trial]:
        """The finished trials, the baseline's last."""
        for trial in rounds:
            yield self._close(trial, send)
        if self._companion and self._companion.key and self._is_whole(self._companion):
            yield self._close(self._companion, send)

    def _in_order(self, trials: Iterable[Trial]) -> Iterable[Trial]:
        """The trials. All of them are timed first where something follows that disturbs timing: calls for
        seconds, which heat the device, and a profiler, which comes last."""
        if not self._needs & {"energy", "kernels"}:
            return trials
        trials = list(trials)
        for trial in trials if "energy" in self._needs else ():
            self._measure_energy(trial)
        return trials

    def _measure_energy(self, trial: Trial) -> None:
        if trial.problem or self._stopped():
            return
        try:
            trial.measure_energy(self._backend)
        except Exception as problem:  # noqa: BLE001 # memory may run out here, too
            trial.problem = problem.with_traceback(None)

    def _close(self, trial: Trial, send: Send) -> Trial:
        """What follows the last visit: the memory of a call, and its time by the device's own clock.

        A capture that failed leaves a process in which nothing else can be measured: then the case is
        reported, and ProcessSpoilt is raised for the others.
        """
        if trial.problem:
            return trial
        guest = self._guests[trial.key]
        try:
            with guest.step() if guest else nullcontext():
                self._measure_call(trial)
        except CaptureFailed as problem:
            if problem.out_of_memory:
                trial.problem = MemoryError(str(problem))
            send(self._result(trial, is_spoilt=True))
            raise ProcessSpoilt(str(problem)) from None
        except Exception as problem:  # noqa: BLE001 # memory may run out here, too
            trial.problem = problem.with_traceback(None)
        return trial

    def _measure_call(self, trial: Trial) -> None:
        call, case = self._calls[trial.key], self._cases[trial.key]
        replays_graphs = case.replays_graphs
        call.clear()
        if "memory" in self._needs and not unweighed(case):
            self._memories[trial.key] = self._backend.weigh(call)
        self._check_switches(trial.key)
        if not self._on_device:
            return
        if self._control.call:
            self._control.time_device(self._backend, captured=False)
        if replays_graphs:  # which are not captured into another
            trial.time_device(self._backend, captured=False, note=OWN_GRAPHS)
        elif not RUNTIMES.get(case.runtime).is_torch:
            trial.time_device(self._backend, captured=False, note=OWN_ENGINE)
        else:
            trial.time_device(self._backend)

    def _check_switches(self, key: str) -> None:
        """Compare the arithmetic with what every cell is to have. What a module has changed is set again, and
        is its flag."""
        if dict(self._backend.switches()) != self._switches:
            self._backend.set_switches(self._arithmetic)
            self._altered.add(key)

    def _is_whole(self, trial: Trial) -> bool:
        """Whether there is something to report: a failure, or samples that were not cut short."""
        return trial.problem is not None or trial.visits >= (CUT_SHORT if self._stopped() else 1)

    def _trial(self, key: str, case: Case, inputs: Iterator[torch.Tensor], watch: Watch) -> Trial:
        # Without a baseline that is none of the cases there would be no ratio: it stays, whatever it does.
        guest = guest_of(case, self._pool, alone=not key or len(self._request.cases) == 1)
        self._guests[case.key] = guest
        if guest:
            start_runtime(case, self._device, self._models)
        around = partial(self._watched, guest, case) if guest else nullcontext
        return Trial(
            key,
            partial(self._build, case, inputs),
            watch,
            self._least,
            self._estimator,
            around,
            settling_calls(case),
        )

    @contextmanager
    def _watched(self, guest: Guest, case: Case) -> Iterator[None]:
        """A step of a user's module. The first time, its output is looked at behind it."""
        with guest.step():
            yield
        if not self._request.process and not guest.was_seen:
            guest.look_at(self._calls[case.key], example(case, self._device))

    def _companion_of(
        self, trials: Mapping[str, Trial], inputs: Iterator[torch.Tensor], watch: Watch
    ) -> Trial | None:
        """The baseline's trial: that of its case, or where it is not among them one without a key; None
        where there is nothing to compare with it."""
        baseline = self._request.baseline
        if baseline is None or list(trials) == [baseline.key]:
            return None
        return trials.get(baseline.key) or self._trial("", baseline, inputs, watch)

    def _finish(self, trial: Trial, send: Send) -> None:
        send(self._result(trial))
        self._calls.pop(trial.key, None)
        trial.drop()

    def _effort(self, spent: float) -> Effort:
        """What is left of the effort after ``spent`` seconds."""
        effort = self._request.effort if "timing" in self._needs else Effort(0.0, each=0.0)
        weighed = "memory" in self._needs
        if self._on_device and self._device.type != "cpu":
            spent += min(DEVICE_SECONDS * len(self._request.cases), DEVICE_SHARE * effort.seconds)
        return replace(effort, seconds=effort.seconds - spent, most=effort.most - spent, weighed=weighed)

    def _build(self, case: Case, inputs: Iterator[torch.Tensor]) -> MeasuredCall:
        guest = self._guests[case.key]
        if self._memory_limit is not None and self._device.type != "cpu":
            self._backend.limit_memory(self._memory_limit)  # of this cell: what others hold is none of it
        with guest.step() if guest else nullcontext():  # nothing that building changes is in the first call
            call = self._calls[case.key] = self._call_of(case, inputs)
        self._check_switches(case.key)
        return call

    def _call_of(self, case: Case, inputs: Iterator[torch.Tensor]) -> MeasuredCall:
        began = monotonic()
        try:
            return call_of(case, self._device, inputs, self._models)
        finally:
            if not RUNTIMES.get(case.runtime).is_torch:
                self._conversion += monotonic() - began

    def _result(self, trial: Trial, is_spoilt: bool = False) -> VisitEvent | Failure:
        """is_spoilt: nothing can be called any more."""
        guest = self._guests[trial.key]
        result = self._finished(self._cases[trial.key], trial, guest, is_spoilt)
        if guest is None:
            return result
        guest.leave()
        return msgspec.structs.replace(result, flags=(*result.flags, *guest.flags))

    def _finished(
        self, case: Case, trial: Trial, guest: Guest | None, is_spoilt: bool
    ) -> VisitEvent | Failure:
        if trial.problem:
            return self._failure(case, trial.problem)
        try:
            with guest.step() if guest else nullcontext():
                kernels = None if is_spoilt else self._trace(case)
                return self._visit(case, trial, kernels)
        except Exception as problem:  # noqa: BLE001 # memory may run out under the profiler, too
            return self._failure(case, problem)

    def _trace(self, case: Case) -> KernelTrace | None:
        return self._backend.trace(self._calls[case.key]) if "kernels" in self._needs else None

    def _visit(self, case: Case, trial: Trial, kernels: KernelTrace | None) -> VisitEvent:
        timing = trial.timing(self._request.spread, _seconds(self._control))
        memory = self._memories.pop(case.key, None)
        account = count(case).account if "account" in self._needs else None
        findings = Findings(
            case,
            account,
            timing=timing,
            baseline=self._ratio(case, trial),
            memory=memory,
            energy=trial.energy,
            kernels=kernels,
            peaks=self._request.peaks,
            preparation=self._calls[case.key].preparation,
            missing={"memory": unweighed(case)} if unweighed(case) else {},
        )
        measurements = [measure(metric, findings) for metric in self._metrics]
        flags = self._flags(case, timing, memory)
        return visit_event(case, self._request.process, measurements, flags, state_of(timing.conditions))

    def _ratio(self, case: Case, trial: Trial) -> Ratio | None:
        """Its time over the baseline's; None without a baseline."""
        baseline, companion = self._request.baseline, self._companion
        if baseline is None:
            return None
        if case.key == baseline.key:
            return Ratio(baseline.title, 1.0, n=len(trial.samples))
        if companion is None or companion.problem:
            return Ratio(baseline.title, None, why=f"{baseline.title} could not be measured beside it")
        return ratio_to(baseline.title, trial.samples, companion.samples, self._estimator)

    def _flags(self, case: Case, timing: Timing, memory: Memory | None) -> tuple[str, ...]:
        flags = timing.flags if "timing" in self._needs else ()
        if "timing" in self._needs and self._load.is_high:
            flags += ("loaded",)
        if case.key in self._altered and "changes-settings" not in flags:
            flags += ("changes-settings",)
        if memory and (memory.remaining or 0) > self._calls[case.key].keeps:
            flags += ("leak",)
        return flags


def unweighed(case: Case) -> str:
    """Why the memory of a call is not measured; empty where it is."""
    runtime = RUNTIMES.get(case.runtime)
    if not runtime.is_torch:
        return OWN_ARENA.format(runtime.title)
    return OWN_POOL if case.replays_graphs else ""


def _seconds(control: Trial) -> float | None:
    """Seconds of the control kernel; None where no sample of it counts."""
    timing = control.timing() if control.taken else None
    if timing and timing.by_device:
        return timing.by_device.seconds
    return timing.seconds if timing and timing.samples else None


def state_of(conditions: Sequence[Condition]) -> DeviceState | None:
    """The device's state during a case's visits; None where it does not report it."""
    if not conditions:
        return None
    heat = [condition.celsius for condition in conditions if condition.celsius is not None]
    power = [condition.watts for condition in conditions if condition.watts is not None]
    return DeviceState(
        clock=median(condition.clock for condition in conditions),
        throttled=sum(condition.throttled for condition in conditions) / len(conditions),
        celsius=max(heat, default=None),
        watts=max(power, default=None),
    )
