"""Self-tests of the engine and the counter: a module against itself, and networks whose counts are
published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isinf

from attnprof.catalogue import entry
from attnprof.comparison.ratios import SAME, UNCLEAR, verdict_of
from attnprof.doctor import FINE, NOTE, STOP, Finding
from attnprof.measuring.rounds import Effort
from attnprof.records.case import Case
from attnprof.records.environment import Environment
from attnprof.records.record import AccountEvent, Measurement, VisitEvent
from attnprof.running.client import Worker, WorkerGone
from attnprof.running.protocol import (
    AccountRequest,
    EndResponse,
    ExplainRequest,
    Failure,
    MeasureRequest,
    Request,
    Response,
)
from attnprof.stats import middle, process_interval

PROCESSES = 3
SECONDS = 1.0  # of measuring in each
TOLERANCE = 0.05
TIMEOUT = 60.0  # seconds for any response
# Params and MACs at 224x224: the params as torchvision prints them, the MACs as they follow from the layers'
# shapes.
NETWORKS = {
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet50": (25_557_032, 4_089_184_256),
    "mobilenetv2": (3_504_872, 300_774_272),
}
VERIFIED = "nonlocal"  # convolutions, pooling, products, a softmax and a norm


def pair(device: str, threads: int) -> tuple[Case, Case]:
    """A module twice: two cases that differ in nothing but their random weights."""
    settings = dict(sorted(entry("se").settings({}).items()))
    first, second = (
        Case("se", 64, 56, 56, settings, device=device, threads=threads, seed=seed) for seed in (0, 1)
    )
    return first, second


@dataclass(frozen=True)
class PairTiming:
    """What one process measured of the two cases."""

    seconds: tuple[float, float]  # per call
    flags: tuple[str, ...]


def measure(worker: Worker, cases: tuple[Case, Case], process: int) -> PairTiming | str:
    """Both, in turns, in one process; or why there is no figure."""
    worker.send(MeasureRequest(cases, ("latency",), Effort(SECONDS, seed=process), process))
    visits: dict[str, VisitEvent] = {}
    reasons: dict[str, str] = {}
    while not isinstance(response := worker.receive(TIMEOUT), EndResponse):
        if isinstance(response, VisitEvent):
            visits[response.key] = response
        elif isinstance(response, Failure):
            reasons[response.key] = response.reason
    seconds: list[float] = []
    for case in cases:
        if case.key not in visits:
            return reasons.get(case.key, "it was not measured")
        latency = visits[case.key].measurements[0]
        if not isinstance(latency.value, int | float):
            return latency.note
        seconds.append(latency.value)
    flags = dict.fromkeys(flag for case in cases for flag in visits[case.key].flags)
    return PairTiming((seconds[0], seconds[1]), tuple(flags))


def noise(timings: Sequence[PairTiming]) -> Finding:
    """Whether a module is as fast as itself: the ratio formed inside each process, and its interval."""
    ratios = [timing.seconds[1] / timing.seconds[0] for timing in timings]
    means = [sum(timing.seconds) / 2 for timing in timings]
    apart = max(means) / min(means) - 1
    low, high = process_interval(ratios) or (0.0, float("inf"))
    verdict = verdict_of((low, high), TOLERANCE)
    figures = f"{middle(ratios):.3f}x" + ("" if isinf(high) else f" ({low:.3f} to {high:.3f})")
    flags = dict.fromkeys(flag for timing in timings for flag in timing.flags)
    suffix = f"; {' '.join(flags)}" if flags else ""
    says = f"a module against itself: {verdict}, {figures}; processes {100 * apart:.1f} % apart{suffix}"
    if verdict == SAME and apart <= TOLERANCE:
        return Finding("noise", FINE, says)
    return Finding("noise", NOTE, says, _advice(verdict))


def _advice(verdict: str) -> str:
    if verdict == SAME:
        return "ratios within a run can be trusted; for attnprof diff, --quality paper and a quiet machine"
    if verdict == UNCLEAR:
        return (
            "changes of 5 % cannot be told in so short a time: a quiet machine, --quality paper,"
            " a longer --time-budget"
        )
    return "something else changes the machine while it measures: end other programs, and try again"


def count(worker: Worker) -> Finding:
    """Whether the counter gives the published counts, and agrees with torch's own kernels about shapes."""
    for name, published in NETWORKS.items():
        case = Case("none", 3, 224, 224, host=name, network_input="224x224")
        response = _ask(worker, AccountRequest(case, ("params", "macs")))
        if not isinstance(response, AccountEvent):
            return _wrong(f"{name}: {_reason(response)}")
        params, macs = (_value(response.measurements, metric) for metric in ("params", "macs"))
        if (params, macs) != published:
            return _wrong(f"{name}: {params} params and {macs} MACs, not {published[0]} and {published[1]}")
    settings = dict(sorted(entry(VERIFIED).settings({}).items()))
    response = _ask(worker, ExplainRequest(Case(VERIFIED, 64, 14, 14, settings), verify=True))
    if isinstance(response, Failure):
        return _wrong(f"{VERIFIED}: {response.reason}")
    return Finding("counter", FINE, f"{', '.join(NETWORKS)}: params and MACs as known; shapes as torch's")


def _ask(worker: Worker, request: Request) -> Response:
    worker.send(request)
    return worker.receive(TIMEOUT)


def _reason(response: Response) -> str:
    assert isinstance(response, Failure)
    return response.reason


def _value(measurements: Sequence[Measurement], metric: str) -> object:
    return next(measurement.value for measurement in measurements if measurement.metric == metric)


def _wrong(says: str) -> Finding:
    advice = (
        "counts cannot be trusted with this version of torch: pip install -c constraints.txt ., and report it"
    )
    return Finding("counter", STOP, says, advice)


def self_tests(worker: Worker, start: Callable[[], Worker], environment: Environment) -> list[Finding]:
    """Both tests. worker: fresh, on the device that ``environment`` describes; it is ended. start: one more
    worker."""
    cases = pair(environment["device"], environment["threads"])
    timings: list[PairTiming] = []
    current = worker
    try:
        for process in range(PROCESSES):
            if process:
                current.kill()
                current = start()
                _ = current.environment  # waits until it is ready
            timing = measure(current, cases, process)
            if isinstance(timing, str):
                return [Finding("noise", STOP, f"nothing was measured: {timing}", "attnprof run says more")]
            timings.append(timing)
        return [noise(timings), count(current)]
    except WorkerGone as gone:
        return [Finding("self-tests", STOP, str(gone), "attnprof run -m se says more")]
    finally:
        current.kill()
