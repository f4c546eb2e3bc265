"""Which threads compute a case: contention is told by the CPU time of the calling thread, which says
nothing of others."""

from dataclasses import replace
from time import process_time, thread_time

import torch

from attnprof.records.case import Case
from attnprof.subject.calls import call_of
from attnprof.subject.inputs import ring

WARM_CALLS, CALLS = 20, 200


def threads_ratio(case: Case, device: torch.device) -> float:
    """The CPU time of the process over that of the calling thread, of calls of ``case`` on ``device``: 1
    where the calling thread computes alone."""
    call = call_of(case, device, ring(replace(case, inputs="hot"), device, cache=0))
    for _ in range(WARM_CALLS):
        call()
    of_process, of_thread = process_time(), thread_time()
    for _ in range(CALLS):
        call()
    return (process_time() - of_process) / max(thread_time() - of_thread, 1e-9)
