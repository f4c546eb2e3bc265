"""A budget as options: one per metric that can have a limit, and --budget for several."""

import click

from attnprof.choosing.measures import Measure, measures


def budget_options() -> list[click.Parameter]:
    """--max-params, --min-throughput and the like, and --budget. Values arrive as texts."""
    several = "several: 'params<=10k, latency<=1.2x:se'"
    budget = click.Option(["--budget"], metavar="LIMITS", envvar="ATTNPROF_BUDGET", help=several)
    return [*(_option(measure) for measure in measures().values()), budget]


def option_name(measure: Measure) -> str:
    """'--max-train-latency', '--min-throughput'."""
    return f"--{measure.parameter.replace('_', '-')}"


def _option(measure: Measure) -> click.Option:
    example = measure.quantity.example
    if measure.column:
        example += ", or 0.8x:se" if measure.more else ", or 1.2x:se"
    return click.Option([option_name(measure)], metavar="LIMIT", help=example)
