"""One process that times modules as others do: prints {title: seconds per call}, as JSON.

    python -m benchmarks._peer METHOD DEVICE SECONDS MODULES POINT

SECONDS is all that the process may take, counted from its start, where the method can be told how long to
measure.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

BEGUN = time.perf_counter()

import torch  # noqa: E402 # its import belongs to the time
from torch.utils.benchmark import Timer  # noqa: E402

from attnprof.planning import plan  # noqa: E402
from attnprof.spec import Spec  # noqa: E402
from attnprof.subject.build import build  # noqa: E402
from attnprof.subject.inputs import example  # noqa: E402

WARM, CALLS = 10, 100
SHORTEST = 1e-3

Ready = tuple[str, Callable[[torch.Tensor], Any], torch.Tensor]


def loop(f: Callable[[torch.Tensor], Any], x: torch.Tensor, seconds: float) -> float:
    """Ten calls to warm up, then the mean of a hundred."""
    for _ in range(WARM):
        f(x)
    _wait(x)
    start = time.perf_counter()
    for _ in range(CALLS):
        f(x)
    _wait(x)
    return (time.perf_counter() - start) / CALLS


def autorange(f: Callable[[torch.Tensor], Any], x: torch.Tensor, seconds: float) -> float:
    """The median of torch's Timer.blocked_autorange, run for ``seconds``."""
    timer = Timer("f(x)", globals={"f": f, "x": x}, num_threads=1)
    return timer.blocked_autorange(min_run_time=max(SHORTEST, seconds)).median


def do_bench(f: Callable[[torch.Tensor], Any], x: torch.Tensor, seconds: float) -> float:
    """The median of triton.testing.do_bench, which is for GPUs."""
    from triton.testing import do_bench as bench

    return float(bench(lambda: f(x), return_mode="median")) / 1e3


METHODS = {"loop": loop, "autorange": autorange, "do_bench": do_bench}


def _wait(x: torch.Tensor) -> None:
    if x.is_cuda:
        torch.cuda.synchronize()


def ready(modules: str, point: str, device: str) -> Iterator[Ready]:
    """Each module with an input, as attnprof builds them from the same seed."""
    for cell in plan(Spec(modules=modules, points=point, device=device), device).cells:
        place = torch.device(device)
        yield cell.case.title, build(cell.case, place), example(cell.case, place)


def main(method: str, device: str, seconds: str, modules: str, point: str) -> None:
    """Time all modules and print what was found."""
    torch.set_num_threads(1)
    found = {}
    waiting = list(ready(modules, point, device))
    with torch.no_grad():
        for left, (title, f, x) in zip(range(len(waiting), 0, -1), waiting, strict=True):
            part = (float(seconds) - (time.perf_counter() - BEGUN)) / left
            found[title] = METHODS[method](f, x, part)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
