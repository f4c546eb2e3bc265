"""Runs that nobody measured: what each process found is given."""

import json

from attnprof.comparison.runs import Ran
from attnprof.records.case import Case
from attnprof.records.codec import encode
from attnprof.records.record import Measurement, account_event, done_event, visit_event

ENVIRONMENT = {
    "run_id": "0123456789ab",
    "started": "2026-11-20T12:00:00+00:00",
    "attnprof_version": "0.1.0",
    "torch_version": "2.13.0",
    "device": "cpu",
    "device_name": "Test Processor",
    "cores": 2,
    "threads": 1,
}


def case(module="se", channels=64, side=28, **more):
    return Case(module, channels, side, side, **more)


def cell(
    of,
    latencies=(),
    counts=None,
    memory=2**20,
    reference=(),
    status="ok",
    reason="",
    half=0.01,
    flags=(),
    ratios=(),
    baseline="se",
):
    """The events of one cell. latencies: seconds that each process found; half: of their own intervals, as a
    share. ratios: to the baseline, of each process."""
    counted = [
        Measurement(name, value, "count") for name, value in (counts or {"params": 512, "macs": 1024}).items()
    ]
    events = [account_event(of, counted)]
    for repeat, seconds in enumerate(latencies):
        interval = None if half is None else (seconds * (1 - half), seconds * (1 + half))
        found = [Measurement("latency", seconds, "s", interval, "samples" if interval else "", 20)]
        found += [Measurement("reference", reference[repeat], "s")] if reference else []
        found += (
            [Measurement("vs_baseline", ratios[repeat], "x"), Measurement("baseline", baseline, "")]
            if ratios
            else []
        )
        found += [] if repeat else [Measurement("peak_memory", memory, "bytes", interval_kind="exact")]
        events.append(visit_event(of, repeat, found, flags))
    return [*events, done_event(of, status, reason)]


def ran(name, *cells, **environment):
    return Ran(name, {**ENVIRONMENT, **environment}, [event for each in cells for event in each])


def folder(path, run):
    """``run`` as a run folder."""
    path.mkdir()
    (path / "environment.json").write_text(json.dumps(run.environment))
    (path / "records.jsonl").write_bytes(b"".join(map(encode, run.events)))
    return path
