"""Two runtimes of one run compared: the table of a comparison, and whose rank changes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from attnprof.choosing.runtimes import CLEAR, Deployed, RuntimeBlock
from attnprof.comparison.runs import Comparison
from attnprof.units import show_count
from attnprof.views import diff
from attnprof.views.diff_data import data
from attnprof.views.document import Document

MOST_MOVERS = 6  # named in each direction


def document(comparison: Comparison, blocks: Sequence[RuntimeBlock]) -> Document:
    """The times in both runtimes, which modules one of them lacks, and the ranks of each size."""
    ranks = [line for block in blocks for line in _ranks(block)]
    paragraphs = [each for each in (_refusals(comparison), ranks, diff.verdicts_of(comparison)) if each]
    return replace(
        diff.document(comparison, [line for each in paragraphs for line in ("", *each)][1:]),
        data=lambda: {**data(comparison), "ranks": [_data(block) for block in blocks]},
    )


def _refusals(comparison: Comparison) -> list[str]:
    """The modules that the second runtime does not take, with its words."""
    return [f"{cell.case.label} is {cell.ended[1]} in B: {cell.reason}" for cell in comparison.broken]


def _ranks(block: RuntimeBlock) -> list[str]:
    """How similar the ranks of a size are in both runtimes, and which modules rise and fall most; nothing
    where latencies do not vary."""
    correlation = block.correlation(1)
    if correlation is None:
        return []
    reversed_, pairs = block.reversals(1)
    share = f" ({100 * reversed_ / pairs:.2g} %)" if reversed_ else ""
    alike = (
        f"{block.size}: rank correlation {correlation:.2f}; of {show_count(pairs)} pairs that"
        f" differ by more than {CLEAR}x in both, {show_count(reversed_)}{share} are the other way round"
    )
    rising = [module for module in block.movers if module.ranks[1] < module.ranks[0]]
    falling = [module for module in block.movers if module.ranks[1] > module.ranks[0]]
    return [alike, *_moves("rise", rising), *_moves("fall", falling)]


def _moves(verb: str, modules: Sequence[Deployed]) -> list[str]:
    moves = [f"{module.name} {module.ranks[0]} to {module.ranks[1]}" for module in modules[:MOST_MOVERS]]
    return [f"  {verb} in B: {', '.join(moves)}"] if moves else []


def _data(block: RuntimeBlock) -> dict[str, Any]:
    reversed_, pairs = block.reversals(1)
    return {
        "size": block.size,
        "runtimes": list(block.runtimes),
        "correlation": block.correlation(1),
        "clear_pairs": pairs,
        "reversed_pairs": reversed_,
        "modules": {module.name: list(module.ranks) for module in block.modules},
    }
