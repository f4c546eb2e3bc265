"""The engine and the counter tried on what is known: a module against itself, and networks whose counts are printed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isinf

from attnprof.catalogue import entry
from attnprof.comparison.ratios import SAME, UNCLEAR, verdict_of
from attnprof.doctor import FINE, NOTE, STOP, Finding
from attnprof.measuring.rounds import Effort
from attnprof.records.case import Case
from attnprof.records.environment import Environment
from attnprof.records.record import Event
from attnprof.running.client import Worker, WorkerGone
from attnprof.running.protocol import Order
from attnprof.stats import middle, process_interval

PROCESSES = 3
SECONDS = 1.0  # of measuring in each
TOLERANCE = 0.05
PATIENCE = 60.0  # seconds for any answer
# Params and MACs at 224x224: the params as torchvision prints them, the MACs as they follow from the layers' shapes.
NETWORKS = {
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet50": (25_557_032, 4_089_184_256),
    "mobilenetv2": (3_504_872, 300_774_272),
}
VERIFIED = "nonlocal"  # convolutions, pooling, products, a softmax and a norm


def pair(device: str, threads: int) -> tuple[Case, Case]:
    """A module twice: two cases that differ in nothing but their random weights."""
    settings = tuple(sorted(entry("se").settings({}).items()))
    first, second = (
        Case("se", 64, 56, 56, settings, device=device, threads=threads, seed=seed) for seed in (0, 1)
    )
    return first, second


@dataclass(frozen=True)
class Heard:
    """What one process found of the two: seconds, and its flags."""

    seconds: tuple[float, float]
    flags: tuple[str, ...]


def measure(worker: Worker, cases: tuple[Case, Case], number: int) -> Heard | str:
    """Both, in turns, in one process; or why there is no figure."""
    worker.order(Order(cases, ("latency",), Effort(SECONDS, seed=number), number).to_json())
    found: dict[str, Event] = {}
    while (event := worker.answer(PATIENCE))["event"] != "end":
        if event["event"] in ("visit", "failed"):
            found[event["key"]] = event
    answers = [found.get(case.key, {"event": "failed", "reason": "it was not measured"}) for case in cases]
    for answer in answers:
        if answer["event"] == "failed":
            return str(answer["reason"])
        if answer["measurements"][0]["value"] is None:
            return str(answer["measurements"][0]["note"])
    first, second = (float(answer["measurements"][0]["value"]) for answer in answers)
    flags = dict.fromkeys(flag for answer in answers for flag in answer["flags"])
    return Heard((first, second), tuple(flags))


def noise(heard: Sequence[Heard]) -> Finding:
    """Whether a module is found to be as fast as itself: the ratio formed inside each process, and its interval."""
    ratio = middle([each.seconds[1] / each.seconds[0] for each in heard])
    interval = process_interval([each.seconds[1] / each.seconds[0] for each in heard])
    means = [sum(each.seconds) / 2 for each in heard]
    apart = max(means) / min(means) - 1
    flags = dict.fromkeys(flag for each in heard for flag in each.flags)
    low, high = interval or (0.0, float("inf"))
    verdict = verdict_of((low, high), TOLERANCE)
    figures = f"{ratio:.3f}x" + ("" if isinf(high) else f" ({low:.3f} to {high:.3f})")
    told = f"; {' '.join(flags)}" if flags else ""
    says = f"a module against itself: {verdict}, {figures}; processes {100 * apart:.1f} % apart{told}"
    if verdict == SAME and apart <= TOLERANCE:
        return Finding("noise", FINE, says)
    if verdict == SAME:
        advice = "ratios within a run can be trusted; for attnprof diff, --quality paper and a quiet machine"
    elif verdict == UNCLEAR:
        advice = "changes of 5 % cannot be told in so short a time: a quiet machine, --quality paper, a longer --time-budget"
    else:
        advice = "something else changes the machine while it measures: end other programs, and try again"
    return Finding("noise", NOTE, says, advice)


def count(worker: Worker) -> Finding:
    """Whether the counter finds the known counts, and agrees with torch's own kernels about shapes."""
    for name, known in NETWORKS.items():
        case = Case("none", 3, 224, 224, host=name, network_input="224x224")
        answer = _asked(worker, {"do": "account", "metrics": ["params", "macs"], "case": case.to_json()})
        if answer["event"] == "failed":
            return _wrong(f"{name}: {answer['reason']}")
        found = {each["metric"]: each["value"] for each in answer["measurements"]}
        if (found["params"], found["macs"]) != known:
            return _wrong(
                f"{name}: {found['params']} params and {found['macs']} MACs, not {known[0]} and {known[1]}"
            )
    settings = tuple(sorted(entry(VERIFIED).settings({}).items()))
    answer = _asked(
        worker, {"do": "explain", "verify": True, "case": Case(VERIFIED, 64, 14, 14, settings).to_json()}
    )
    if answer["event"] == "failed":
        return _wrong(f"{VERIFIED}: {answer['reason']}")
    return Finding("counter", FINE, f"{', '.join(NETWORKS)}: params and MACs as known; shapes as torch's")


def _asked(worker: Worker, order: dict[str, object]) -> Event:
    worker.order(order)
    return worker.answer(PATIENCE)


def _wrong(says: str) -> Finding:
    advice = (
        "counts cannot be trusted with this version of torch: pip install -c constraints.txt ., and report it"
    )
    return Finding("counter", STOP, says, advice)


def self_tests(worker: Worker, another: Callable[[], Worker], found: Environment) -> list[Finding]:
    """Both tests. worker: fresh, on the device that ``found`` describes; it is at its end afterwards. another: one more."""
    cases = pair(found["device"], found["threads"])
    heard: list[Heard] = []
    at = worker
    try:
        for number in range(PROCESSES):
            answer = measure(at, cases, number)
            if isinstance(answer, str):
                return [Finding("noise", STOP, f"nothing was measured: {answer}", "attnprof run says more")]
            heard.append(answer)
            if number + 1 < PROCESSES:
                at.kill()
                at = another()
                _ = at.environment
        return [noise(heard), count(at)]
    except WorkerGone as gone:
        return [Finding("self-tests", STOP, str(gone), "attnprof run -m se says more")]
    finally:
        at.kill()
