"""Quantities for the page's script: the units of each kind, and the metrics that the page shows first."""

from collections.abc import Collection

from attnprof.metrics import METRICS, Metric
from attnprof.units import KINDS

MOST_MAIN = 4


def units() -> dict[str, list[tuple[str, float]]]:
    """Unit of a metric -> the units to print it in, with their size in base units, the largest first."""
    return {
        kind.unit: [(symbol, float(size)) for symbol, size in kind.units]
        for kind in KINDS.values()
        if len(kind.units) > 1
    }


def main_columns(columns: Collection[str]) -> list[str]:
    """The columns that lead the page: of limitable metrics, those that a narrow table hides last."""
    metrics: list[Metric] = [METRICS.get(name) for name in METRICS.names()]
    limited = [metric for metric in metrics if metric.limit and metric.shown and metric.column in columns]
    limited.sort(key=lambda metric: metric.keep, reverse=True)
    return [metric.column for metric in limited[:MOST_MAIN]]
