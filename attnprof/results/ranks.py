"""The rank of each row by its latency, among the rows of one size under the same conditions, as columns."""

from dataclasses import replace
from typing import Any

import pandas as pd

from attnprof.choosing.latency_ranks import SharedRank, latency_ranks
from attnprof.records.case import ROW_CONDITIONS
from attnprof.results.table import Results

RANK, TIES = "rank", "rank_ties"  # TIES: how many other rows have the same rank
RIVALS = ("mode", "channels", "height", "width", *ROW_CONDITIONS)  # what rows share that are ranked together


def with_ranks(results: Results) -> Results:
    """``results`` with the columns RANK and TIES; None in both where a row has no rank."""
    ranks = _ranks(results.rows())
    frame = results.frame.copy()
    for name, value in ((RANK, "rank"), (TIES, "ties")):
        values = [getattr(ranks.get(number), value, None) for number in range(len(frame))]
        frame[name] = pd.Series(values, index=frame.index, dtype=object)
    return replace(results, frame=frame)


def _ranks(rows: list[dict[str, Any]]) -> dict[int, SharedRank]:
    """The rank of each row that has one, by its number."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(tuple(row.get(name) for name in RIVALS), []).append(number)
    return {
        numbers[n]: rank
        for numbers in groups.values()
        for n, rank in latency_ranks([rows[number] for number in numbers]).items()
    }
