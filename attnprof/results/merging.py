"""Several runs as one: shards of a plan, and the same plan on several machines.

What does not belong together is refused.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from attnprof.errors import RunFolderError
from attnprof.records.case import Case
from attnprof.records.environment import Environment, fingerprint, joined
from attnprof.records.record import AccountEvent, DoneEvent, Event
from attnprof.spec import Spec
from attnprof.spec.settings import SECTIONS

# What may differ between runs of one results set: how they were run, not what their figures mean.
FREE = frozenset(
    (
        "device",
        "on",
        "mixed",
        "shard",
        "time_budget",
        "timeout",
        "memory_limit",
        "fail_fast",
        "name",
        "output",
        "format",
        "budget",
    )
)
ALIKE = ("params", "macs")  # counts that every machine must agree on


@dataclass(frozen=True)
class Part:
    """A run to be merged: its name in messages, what was requested, what it ran on, and its records."""

    name: str
    spec: Spec
    environment: Environment
    records: Sequence[tuple[Event, bytes]]  # each event with its line: a newer version's may say more

    @property
    def runs(self) -> dict[str, Environment]:
        """The environment of each run in it: one, unless it was merged itself."""
        return dict(
            self.environment.get("runs") or {str(self.environment.get("run_id", "")): self.environment}
        )


def merge(parts: Sequence[Part]) -> Part:
    """``parts`` as one run, each event marked with its own run. A case that several have alike is kept once.

    Raises RunFolderError where their specs or versions differ, or where they disagree about a case.
    """
    first, *others = parts
    for other in others:
        _same_request(first, other)
    runs = {run_id: environment for part in parts for run_id, environment in part.runs.items()}
    records = list(_distinct_records(parts, runs))
    _same_counts([event for event, _ in records])
    spec = first.spec.effective().model_copy(update={"shard": None})
    return Part(" + ".join(part.name for part in parts), spec, joined(runs), records)


def _same_request(one: Part, other: Part) -> None:
    ours, theirs = (part.spec.effective().model_dump(mode="json") for part in (one, other))
    for field, value in ours.items():
        if field not in FREE and theirs[field] != value:
            name = f"{SECTIONS[field]}.{field}"
            raise RunFolderError(
                f"{other.name} does not belong with {one.name}: "
                f"{name} is {_shown(theirs[field])}, not {_shown(value)}"
            )
    versions = {each.get("attnprof_version") for part in (one, other) for each in part.runs.values()}
    if len(versions) > 1:
        raise RunFolderError(
            f"{other.name} does not belong with {one.name}: "
            f"attnprof_version: {' and '.join(sorted(map(str, versions)))}"
        )


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _distinct_records(parts: Sequence[Part], runs: dict[str, Environment]) -> Iterator[tuple[Event, bytes]]:
    """Every record with its run.

    The records of a case that another part has on such a machine too are left out.
    """
    seen: dict[tuple[str, str], tuple[Part, list[Event]]] = {}
    machine_of = {run_id: fingerprint(environment) for run_id, environment in runs.items()}
    for part in parts:
        cases: dict[tuple[str, str], list[tuple[Event, bytes]]] = {}
        for event, line in part.records:
            run_id = event.run or str(part.environment.get("run_id", ""))
            cases.setdefault((run_id, event.key), []).append(_marked(event, line, run_id))
        for (run_id, key), records in cases.items():
            events = [event for event, _ in records]
            place = machine_of[run_id], key
            if place not in seen:
                seen[place] = part, events
                yield from records
            elif _bare(events) != _bare(seen[place][1]):
                raise RunFolderError(
                    f"{_label(events)} is in {seen[place][0].name} and in {part.name}, and they disagree: "
                    "two runs of one case on one machine are no single result"
                )


def _marked(event: Event, line: bytes, run_id: str) -> tuple[Event, bytes]:
    """A record with the id of its run, which a merged run's has already."""
    if event.run:
        return event, line
    end = line.rindex(b"}")
    return msgspec.structs.replace(event, run=run_id), b'%s,"run":%s}\n' % (
        line[:end],
        json.dumps(run_id).encode(),
    )


def _bare(events: Sequence[Event]) -> list[Event]:
    return [msgspec.structs.replace(event, run="") for event in events]


def _label(events: Sequence[Event]) -> str:
    cases = (event.case for event in events if isinstance(event, AccountEvent | DoneEvent))
    return next((case.label for case in cases), "a case")


def _same_counts(events: Sequence[Event]) -> None:
    """One case has one count, and a module of the user's own one file, wherever it was counted.

    Raises RunFolderError.
    """
    counted: dict[Case, dict[str, Any]] = {}
    files: dict[str, str] = {}
    for event in events:
        if not isinstance(event, AccountEvent):
            continue
        case = event.case
        if files.setdefault(case.module, case.source) != case.source:
            raise RunFolderError(
                f"{case.module} is another file in one of the runs: its rows cannot stand in one table"
            )
        anywhere = replace(case, device="", threads=0, tf32=False)
        counts = counted.setdefault(anywhere, {})
        for measurement in event.measurements:
            if measurement.metric not in ALIKE:
                continue
            value = counts.setdefault(measurement.metric, measurement.value)
            if value != measurement.value:
                raise RunFolderError(
                    f"{case.label}: the runs disagree about {measurement.metric}: "
                    f"{value}, {measurement.value}"
                )
