"""Building and counting the whole catalogue, all variants at one size, beside importing torch: one core, one
process each."""

import json
import subprocess
import sys

BAR_SECONDS, ROUNDS = 3.0, 3
CODE = """
import json, time
start = time.perf_counter()
import torch
imported = time.perf_counter() - start
torch.set_num_threads(1)
from attnprof.planning import plan
from attnprof.spec import Spec
start = time.perf_counter()
from attnprof.subject.counts import count
cells = plan(Spec(points="64@56", variants="all", no_latency=True)).cells
counted = [count(cell.case) for cell in cells if cell.refusal is None]
print(json.dumps([imported, time.perf_counter() - start, len(cells), len(counted)]))
"""


def main() -> int:
    """Print seconds and the ratio; exit code 1 when the bar is missed."""
    runs = [json.loads(subprocess.check_output([sys.executable, "-c", CODE])) for _ in range(ROUNDS)]
    imported, seconds = (sorted(run[n] for run in runs)[ROUNDS // 2] for n in (0, 1))
    cells, counted = runs[0][2:]
    print(
        f"import torch: {imported:.2f} s; planning {cells} variants, building and counting {counted}:"
        f" {seconds:.2f} s"
    )
    print(
        f"{seconds / imported:.2f}x import torch, {1e3 * seconds / counted:.1f} ms a variant"
        f" (medians of {ROUNDS})"
    )
    print(f"bar: under {BAR_SECONDS:g} s after import torch: {'kept' if seconds < BAR_SECONDS else 'MISSED'}")
    return int(seconds >= BAR_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
