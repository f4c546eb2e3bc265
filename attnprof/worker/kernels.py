"""One case, timed and then looked at by a profiler: which kernels its call launches."""

from contextlib import nullcontext

import torch

from attnprof.backends import EXACT, Arithmetic, Backend, KernelTrace
from attnprof.explaining.kernels import KernelReport, all_kernels, kernel_uses
from attnprof.measuring.estimators import ESTIMATORS, Estimator
from attnprof.measuring.inputs import RandomPool
from attnprof.measuring.rounds import Effort, time_alone
from attnprof.measuring.timer import timer
from attnprof.measuring.timing import Timing
from attnprof.measuring.trial import Trial
from attnprof.records.case import Case
from attnprof.subject.calls import MeasuredCall, call_of, settling_calls
from attnprof.worker.guest import Guest, guest_of
from attnprof.worker.inputs import block_inputs

LATENCY = Effort(seconds=2.0)
MOST_CALLS = 32  # that the profiler sees
TRACE_SECONDS = 2.0  # that they may take


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
    with guest.step() if guest else nullcontext():
        call = call_of(case, device, inputs)
    estimator = ESTIMATORS[backend.estimator]
    timing = _timing(call, backend, estimator, guest, settling_calls(case))
    trace = _trace(call, backend, guest, _calls_to_trace(timing))
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


def _trace(call: MeasuredCall, backend: Backend, guest: Guest | None, calls: int) -> KernelTrace:
    with guest.step() if guest else nullcontext():
        trace = backend.trace(call, calls)
    return trace or KernelTrace((), calls, "this device shows no kernels")
