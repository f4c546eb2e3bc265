"""The engines that modules can be measured in: which are installed, how they are set up, and whether a call
computes on the thread that makes it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from attnprof.doctor import FINE, NOTE, Finding
from attnprof.doctor.selftests import pair
from attnprof.records.environment import Environment
from attnprof.running.client import Worker, WorkerGone
from attnprof.running.protocol import ThreadsRequest, ThreadsResponse
from attnprof.runtimes import RUNTIMES, Runtime
from attnprof.runtimes._versions import version_of

MOST = 1.05  # of the process's CPU time over the thread's
TIMEOUT = 120.0  # seconds: an engine is imported, and a module converted


def engines_of_registry() -> dict[str, Runtime]:
    """The runtimes that are not torch, by name."""
    runtimes = {name: RUNTIMES.get(name) for name in RUNTIMES.names()}
    return {name: runtime for name, runtime in runtimes.items() if not runtime.is_torch}


def runtimes(
    start: Callable[[], Worker], environment: Environment, engines: Mapping[str, Runtime]
) -> Iterator[Finding]:
    """One finding for each engine that is installed, and one for the others. start: one more worker, on the
    device that ``environment`` describes."""
    device = str(environment.get("device", "")).partition(":")[0]
    usable, reasons = {}, []
    for name, runtime in engines.items():
        if reason := runtime.unavailable():
            reasons.append(reason)
        elif device in (runtime.devices or (device,)):
            usable[name] = runtime
        else:
            yield Finding("runtime", FINE, f"{name} runs on {', '.join(runtime.devices)} alone")
    if environment and usable:
        yield from _examined(start, environment, usable)
    if reasons:
        yield Finding("runtime", FINE, f"not installed: {'; '.join(reasons)}")


def _examined(
    start: Callable[[], Worker], environment: Environment, engines: Mapping[str, Runtime]
) -> Iterator[Finding]:
    """What each of ``engines`` does in one worker."""
    worker = start()
    try:
        _ = worker.environment  # waits until it is ready
        for name, runtime in engines.items():
            yield _examine(worker, environment, name, runtime)
    finally:
        worker.kill()


def _examine(worker: Worker, environment: Environment, name: str, runtime: Runtime) -> Finding:
    threads = environment["threads"]
    about = f"{name} {runtime.describe(version_of(runtime), threads)}"
    case = replace(pair(environment["device"], threads)[0], execution=name)
    try:
        worker.send(ThreadsRequest(case))
        response = worker.receive(TIMEOUT)
    except WorkerGone as gone:
        return _unusable(about, str(gone))
    if not isinstance(response, ThreadsResponse):
        return _unusable(about, getattr(response, "reason", "no answer"))
    if threads > 1 or not environment["device"].startswith("cpu"):
        return Finding("runtime", FINE, about)
    if response.ratio <= MOST:
        return Finding("runtime", FINE, f"{about}; the calling thread computes alone")
    says = f"{about}: other threads compute, too ({response.ratio:.2f} times the CPU time of the calling one)"
    return Finding(
        "runtime", NOTE, says, "its rows do not tell contention: trust them on a quiet machine only"
    )


def _unusable(about: str, reason: str) -> Finding:
    return Finding("runtime", NOTE, f"{about}: {reason}", "its rows of a run would fail likewise")
