"""The kernels of some calls, as torch's profiler sees them (CUPTI); on a CPU the operators."""

import torch
from torch._C._autograd import DeviceType
from torch.autograd.profiler import profile  # torch.profiler imports the compiler, for most of a second

from attnprof.backends import Call, KernelRun, KernelTrace

MARK = "spin_kernel"  # in the name of the kernel of torch.cuda._sleep, which shows that any is seen
NOT_ALLOWED = (
    "the profiler sees no kernels: CUPTI is missing, or not allowed here"
    " (the driver's option NVreg_RestrictProfilingToAdminUsers=0, or a container's --cap-add SYS_ADMIN)"
)
NONE_LAUNCHED = "a call launches no kernel"
NO_OPERATOR = "a call runs no operator"


def trace_kernels(call: Call, calls: int) -> KernelTrace:
    """The kernels of ``calls`` calls, copies and fills of memory among them. Nothing else may compute."""
    torch.cuda.synchronize()
    try:
        profiler = profile(use_device="cuda", use_cpu=False, use_kineto=True)
    except AssertionError:  # a build of torch without it
        return KernelTrace((), calls, NOT_ALLOWED)
    with profiler:
        torch.cuda._sleep(1)  # type: ignore[no-untyped-call] # torch has no annotation
        for _ in range(calls):
            call()
        torch.cuda.synchronize()
    results = profiler.kineto_results
    events = results.events() if results else []
    every = [
        KernelRun(event.name(), event.duration_ns() / 1e9)
        for event in sorted(events, key=lambda event: event.start_ns())
        if event.device_type() == DeviceType.CUDA
    ]
    if not every:
        return KernelTrace((), calls, NOT_ALLOWED)
    runs = tuple(run for run in every if MARK not in run.name)
    return KernelTrace(runs, calls, "" if runs else NONE_LAUNCHED)


def trace_operators(call: Call, calls: int) -> KernelTrace:
    """The operators of ``calls`` calls on the CPU, each without the time of those within it."""
    with profile() as profiler:
        for _ in range(calls):
            call()
    events = [event for event in profiler.function_events or () if event.device_type == DeviceType.CPU]
    events.sort(key=lambda event: event.time_range.start)
    runs = tuple(KernelRun(event.name, event.self_cpu_time_total / 1e6) for event in events)
    return KernelTrace(runs, calls, "" if runs else NO_OPERATOR, "operator")
