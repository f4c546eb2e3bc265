"""Results that nobody measured: exact counts by the closed forms, latencies and memory as a test wants
them."""

from collections.abc import Callable
from pathlib import Path

from attnprof.catalogue import entry
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.records.environment import software
from attnprof.records.journal import Journal
from attnprof.records.record import Measurement, account_event, done_event, visit_event
from attnprof.results import Results, tabulate
from attnprof.spec import Spec

ENVIRONMENT = {
    **software(),
    "run_id": "0123456789ab",
    "started": "2026-11-20T12:00:00+00:00",
    "device": "cpu",
    "device_name": "Test CPU",
    "threads": 1,
}
WIDTH = 0.02  # of an interval's half, as a share


def seconds(case: Case) -> float:
    """A latency that grows with the work."""
    known = entry(case.module)
    macs = case.batch * known.macs(*case.shape[1:], dict(case.hyperparameters))
    passes = sum(map(ord, case.module)) % 7 + 1
    floor = 2.5e-6 if case.module == "none" else 5e-5
    elements = case.batch * case.channels * case.height * case.width
    return (floor + 1e-10 * macs + passes * 1e-9 * elements) * (1 + (case.mode == "train"))


def events(spec: Spec, latency: Callable[[Case], float | None] = seconds) -> list[dict[str, object]]:
    """The events of a run of ``spec``; None for a latency is a cell that ran out of memory."""
    made = []
    for cell in plan(spec, "cpu").cells:
        case = cell.case
        if cell.refusal:
            made.append(done_event(case, "skipped", cell.refusal))
            continue
        known, size = entry(case.module), (case.channels, case.height, case.width)
        given = dict(case.hyperparameters)
        elements = case.batch * case.channels * case.height * case.width
        macs = case.batch * known.macs(*size, given)
        counted = {"params": known.params(*size, given), "macs": macs, "flops": 2 * macs + 3 * elements}
        found = [Measurement(name, value, "count") for name, value in counted.items()]
        made.append(account_event(case, [*found, Measurement("activation_memory", 12 * elements, "bytes")]))
        took = latency(case)
        if took is None:
            made.append(done_event(case, "oom", "the map alone is 9.4 GiB"))
            continue
        interval = (1 - WIDTH) * took, (1 + WIDTH) * took
        memory = 0 if case.module == "none" else 13 * elements
        visit = [
            Measurement("latency", took, "s", interval, "samples", 40),
            Measurement("throughput", case.batch / took, "1/s"),
            Measurement("peak_memory", memory, "bytes"),
        ]
        made += [visit_event(case, 0, visit), done_event(case, "ok")]
    return made


def results(latency: Callable[[Case], float | None] = seconds, **asked: object) -> Results:
    """The results of ``Spec(**asked)``."""
    spec = Spec(**asked)
    return tabulate(events(spec, latency), plan(spec, "cpu"), ENVIRONMENT)


def folder(path: Path, latency: Callable[[Case], float | None] = seconds, **asked: object) -> Path:
    """A run folder of ``Spec(**asked)`` at ``path``."""
    spec = Spec(**asked)
    with Journal.create(path) as journal:
        journal.begin(spec.to_toml(), ENVIRONMENT)
        for event in events(spec, latency):
            journal.append(event)
    return path
