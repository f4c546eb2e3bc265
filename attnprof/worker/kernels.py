"""One case, timed and then looked at by a profiler: which kernels its call launches, or which nodes of its
graph another runtime runs."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import torch

from attnprof.backends import EXACT, Arithmetic, Backend, KernelRun, KernelTrace
from attnprof.explaining.kernels import KernelReport, all_kernels, kernel_uses
from attnprof.measuring.estimators import ESTIMATORS, Estimator
from attnprof.measuring.inputs import RandomPool
from attnprof.measuring.rounds import Effort, time_alone
from attnprof.measuring.timer import timer
from attnprof.measuring.timing import Timing
from attnprof.measuring.trial import Trial
from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES
from attnprof.runtimes._models import Model, models_of, read_model, write_model
from attnprof.subject.calls import MeasuredCall, call_of, export, make_ready, settling_calls, start_runtime
from attnprof.worker.guest import Guest, guest_of
from attnprof.worker.inputs import block_inputs

LATENCY = Effort(seconds=2.0)
MOST_CALLS = 32  # that the profiler sees
TRACE_SECONDS = 2.0  # that they may take
WARM_CALLS = 2  # in front of them, in a graph that was prepared once more for the profiler of its runtime
MICROSECOND = 1e-6  # the profilers of runtimes count whole ones
NO_KERNELS = "this device shows no kernels"


def kernels_of(
    case: Case,
    backend: Backend,
    device: torch.device,
    pool: RandomPool,
    memory_limit: int | None,
    arithmetic: Arithmetic = EXACT,
) -> KernelReport:
    """The latency of ``case``, then its kernels: a profiler disturbs what is timed after it.

    Raises whatever the module raises.
    """
    backend.set_switches(arithmetic)
    guest = guest_of(case, pool)
    inputs = block_inputs(case, backend, device, pool, memory_limit)
    around = guest.step if guest else nullcontext
    estimator = ESTIMATORS[backend.estimator]
    with models_of([case]) as models:
        make_ready(case.runtime)
        with around():
            if models:
                write_model(models, case, export(case))
        if guest:
            start_runtime(case, device, models)
        with around():
            call = call_of(case, device, inputs, models)
        timing = _timing(call, backend, estimator, guest, settling_calls(case))
        calls = _calls_to_trace(timing)
        with around():
            nodes = _nodes(case, read_model(models, case), inputs, calls)
            trace = nodes or backend.trace(call, calls) or KernelTrace((), calls, NO_KERNELS)
    if guest:
        guest.leave()
    return KernelReport(
        trace.kind,
        kernel_uses(trace, estimator),
        all_kernels(trace, estimator),
        trace.calls,
        estimator.name if trace.by_call else "",
        trace.note,
        timing.by_host if timing.samples else None,
        (*timing.flags, *(guest.flags if guest else ())),
    )


def _timing(
    call: MeasuredCall, backend: Backend, estimator: Estimator, guest: Guest | None, settling: int
) -> Timing:
    around = guest.step if guest else nullcontext
    least = timer().least_sample
    trial = Trial("", lambda: call, least_sample=least, estimator=estimator, around=around, settling=settling)
    return time_alone(backend, trial, LATENCY)


def _calls_to_trace(timing: Timing) -> int:
    """As many as there is time for."""
    per_call = timing.seconds if timing.samples else timing.first
    return max(1, min(MOST_CALLS, int(TRACE_SECONDS / per_call)))


def _nodes(case: Case, model: Model | None, inputs: Iterator[Any], calls: int) -> KernelTrace | None:
    """The nodes of the graph of a case that torch does not compute; None of one that it does."""
    runtime = RUNTIMES.get(case.runtime)
    if runtime.is_torch:
        return None
    if not runtime.profiler or not model:
        return KernelTrace((), calls, f"no profiler of {runtime.title} is read", "node")
    xs = [next(inputs) for _ in range(WARM_CALLS + calls)]
    runs = [run for nodes in runtime.profile(model.content, xs, case)[WARM_CALLS:] for run in nodes]
    kernels = [KernelRun(run.name, run.seconds, run.operator, run.origin) for run in runs]
    return KernelTrace(tuple(kernels), calls, "" if kernels else "a call runs no node", "node", MICROSECOND)
