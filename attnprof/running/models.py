"""Modules written as other runtimes than torch read them: each once in a run, before anything is timed."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from attnprof.records.case import Case
from attnprof.running.client import WorkerSlot
from attnprof.running.protocol import BeginEvent, Failure, ModelEvent, ModelRequest
from attnprof.running.sharing import answer, one_by_one, shared_out, workers_for
from attnprof.runtimes import RUNTIMES
from attnprof.runtimes._models import model_name

MODELS_PER_WORKER = 3  # fewer take a worker no longer than its start
START_SECONDS = 10.0  # of a worker, and of what an exporter imports
EXPORT_SECONDS = 2.0  # of a model
COMPILE_SECONDS = 2.0  # of a cell in a process: torch.compile
CONVERSION_SECONDS = 0.2  # of a cell in a process: what an engine makes of a model, and the comparison
# How an export ends that no other attempt would end otherwise. One that crashed, or had no memory beside
# another, is tried once more by the process that measures.
FINAL = ("failed", "skipped", "timeout")

Answer = ModelEvent | Failure


def by_model(cases: Iterable[Case]) -> dict[str, list[Case]]:
    """The cases whose runtimes read models, by the model's name: those that share one together."""
    models: dict[str, list[Case]] = {}
    for case in cases:
        if name := model_name(case):
            models.setdefault(name, []).append(case)
    return models


def write_models(
    models: Mapping[str, Sequence[Case]],
    slots: Sequence[WorkerSlot],
    folder: Path,
    timeout: float | None,
    ended: Callable[[], bool],
) -> Generator[BeginEvent | Answer]:
    """Write ``models``, as ``by_model`` has them, to ``folder``: a BeginEvent before each, and what came of
    it for each of its cases, until ``ended``. The slots are closed in the end.

    timeout: seconds that one may take, None without a limit; what an exporter imports is not on its clock.
    """
    limit = None if timeout is None else timeout + START_SECONDS
    requests = [ModelRequest(cases[0], str(folder)) for cases in models.values()]
    respond = one_by_one(partial(_answer_to, timeout=limit))
    sharing = {cases[0].key: cases for cases in models.values()}
    try:
        for event in shared_out(requests, slots, respond, ended):
            if isinstance(event, Failure):
                yield from [Failure(case.key, event.status, event.reason) for case in sharing[event.key]]
            else:
                yield event
    finally:
        for slot in slots:
            slot.close()


def exporting_workers(models: int) -> int:
    """How many workers export so many models soonest."""
    return workers_for(models, MODELS_PER_WORKER)


def export_seconds(models: int, exported: int = 0, spent: float = 0.0) -> float:
    """What exporting so many models may take, where so many have been exported in ``spent`` seconds."""
    if exported:
        return models * spent / exported
    return START_SECONDS + EXPORT_SECONDS * models / exporting_workers(models) if models else 0.0


def preparation_seconds(cases: Iterable[Case]) -> float:
    """What a process may take to convert ``cases``, or to compile them."""
    return sum(map(_preparation_of, cases))


def _preparation_of(case: Case) -> float:
    if case.compile_mode:
        return COMPILE_SECONDS
    return 0.0 if RUNTIMES.get(case.runtime).is_torch else CONVERSION_SECONDS


def _answer_to(slot: WorkerSlot, request: ModelRequest, timeout: float | None) -> Answer:
    response = answer(slot, request, timeout)
    assert isinstance(response, ModelEvent | Failure)
    return response
