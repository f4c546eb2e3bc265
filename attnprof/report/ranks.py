"""Ranks across runtimes for the page's chart: a block for each size and mode that has several runtimes."""

from collections.abc import Mapping, Sequence
from typing import Any

from attnprof.choosing.candidates import candidates
from attnprof.choosing.runtimes import RUNTIME, RuntimeBlock, across_runtimes

COLOURS = 7  # of the page's series that are no grey: base.css
NUMBER = "number"  # of a row in the page's table


def runtime_ranks(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The blocks of ``rows`` as JSON; none where all rows are of one runtime.

        {"runtimes": ["eager", "openvino"], "correlations": [1.0, 0.9], "coloured": 1, "absent": ["ceca"],
         "modules": [{"rows": [4, 9], "ranks": [7, 2]}, ...]}

    Modules are in the order of their moves, the first ``coloured`` of them in colour; ``rows`` are numbers of
    ``rows``, runtime by runtime. A correlation is None where latencies do not vary.
    """
    if len({row.get(RUNTIME) for row in rows}) < 2:
        return []
    points, among = candidates([{**row, NUMBER: number} for number, row in enumerate(rows)], {})
    modes = dict.fromkeys(str(row["mode"]) for row in rows)
    blocks = [block for mode in modes for block in across_runtimes(among, points, mode)]
    return [_described(block) for block in blocks if block.modules]


def _described(block: RuntimeBlock) -> dict[str, Any]:
    return {
        "runtimes": block.runtimes,
        "correlations": [block.correlation(number) for number in range(len(block.runtimes))],
        "coloured": len(block.largest_movers(COLOURS)),
        "absent": block.absent,
        "modules": [
            {"rows": [row[NUMBER] for row in module.rows], "ranks": module.ranks} for module in block.movers
        ],
    }
