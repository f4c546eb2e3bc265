"""Two runtimes of one run, as two runs that can be compared."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import msgspec

from attnprof.comparison.runs import Ran
from attnprof.errors import RunFolderError, UsageError
from attnprof.records.case import Case
from attnprof.records.record import Event, VisitEvent
from attnprof.runtimes import EAGER


def require_pair(run: Ran, runtime: str) -> str:
    """The runtime of ``run`` that ``runtime`` is compared with: eager, or its first where it has no eager.

    Raises UsageError where ``runtime`` is not one of the others.
    """
    measured = list(dict.fromkeys(case.execution for case in _cases(run.events).values()))
    if not measured:
        raise RunFolderError(f"{run.name}: no cell was finished, so there is nothing to compare")
    first = EAGER if EAGER in measured else measured[0]
    others = [name for name in measured if name != first]
    if runtime in others:
        return first
    if runtime == first and others:
        raise UsageError(f"runtime:{runtime}: the others are compared with it: {', '.join(others)}")
    choice = f"there are {', '.join(others)}" if others else "it has no other"
    raise UsageError(f"runtime:{runtime}: this run has no such runtime to compare with {first}; {choice}")


def sides(run: Ran, first: str, second: str) -> tuple[Ran, Ran]:
    """What ``run`` has in two runtimes; the cells of the second are named as those of the first."""
    cases = _cases(run.events)
    before, after = (_in_runtime(run, cases, name, first) for name in (first, second))
    return before, after


def _cases(events: Iterable[Event]) -> dict[str, Case]:
    """The cases of a run by their keys."""
    return {event.key: event.case for event in events if not isinstance(event, VisitEvent)}


def _in_runtime(run: Ran, cases: dict[str, Case], runtime: str, name: str) -> Ran:
    """The events of ``run`` in ``runtime``, as if that were called ``name``."""
    renamed = {key: replace(case, execution=name) for key, case in cases.items() if case.execution == runtime}
    return Ran(f"{run.name}, {runtime}", run.environment, list(_renamed(run.events, renamed)))


def _renamed(events: Sequence[Event], cases: dict[str, Case]) -> Iterator[Event]:
    """Those of ``events`` that are about one of ``cases``, by key, with the case that is there."""
    for event in events:
        case = cases.get(event.key)
        if case is None:
            continue
        if isinstance(event, VisitEvent):
            yield msgspec.structs.replace(event, key=case.key)
        else:
            yield msgspec.structs.replace(event, key=case.key, case=case)
