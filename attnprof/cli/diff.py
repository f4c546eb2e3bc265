"""Compare two runs: faster, slower, same, unclear; or a run with published tables"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attnprof.cli._output import SHARED

if TYPE_CHECKING:
    from attnprof.comparison.runs import Comparison, Ran

HELP = """\
Compare run B with run A, cell by cell: faster, slower, same or unclear; or run A with published tables.

\b
  attnprof diff reports/20261120-run-cpu reports/20261121-run-cpu
  attnprof diff main-run branch-run --tolerance 2% --format md
  attnprof diff reports/20261129-published-meta published:resnet50

A and B are run folders. Processes are compared, not samples: two each at least, better six (--quality paper). Runs under
other conditions are refused. Exit code 1: a cell is slower by more than the tolerance, broke, or a count changed. Under
GitHub Actions each of these is annotated, and the table goes to the step's summary.

published:NAME is a network, a module, words of a source, or all: figures reproduced, explained by a way of counting, or
not. The run is then one with --metrics params,leaf_params,channel_pairs,macs,operators, as specs/published.toml has them.
"""
FORMS = ("text", "md", "csv", "json")
PUBLISHED = "published:"
WORSE = 1


def _diff(
    run: str,
    other: str,
    tolerance: str | None,
    metric: str | None,
    across: bool,
    format: str,
    quiet: bool,
    no_color: bool,
) -> int:
    from attnprof.errors import UsageError

    if not other.startswith(PUBLISHED):
        return _runs(run, other, _tolerance(tolerance), metric or "latency", across, format, quiet, no_color)
    given = [
        f"--{name}"
        for name, value in (("tolerance", tolerance), ("metric", metric), ("across", across))
        if value
    ]
    if given:
        raise UsageError(f"{given[0]} compares two runs; published tables have counts alone")
    return _published(run, other, format, no_color)


def _tolerance(text: str | None) -> float:
    from attnprof.comparison.runs import TOLERANCE
    from attnprof.errors import UsageError
    from attnprof.units import parse_share

    if text is None:
        return TOLERANCE
    try:
        return 0.0 if text.strip() == "0%" else parse_share(text)
    except ValueError as problem:
        raise UsageError(f"--tolerance: {problem}") from None


def _runs(
    before: str,
    after: str,
    tolerance: float,
    metric: str,
    across: bool,
    format: str,
    quiet: bool,
    no_color: bool,
) -> int:
    from attnprof.cli._output import look
    from attnprof.comparison.runs import compare
    from attnprof.views import diff as view

    found = compare(_ran(before), _ran(after), tolerance, metric, across)
    how, dropped = look(no_color=no_color), list[str]()
    if format in ("csv", "json"):
        text = getattr(view, f"as_{format}")(found)
    elif format == "md":
        text = view.as_md(found)
    else:
        text, dropped = view.as_text(found, how)
    click.echo(text, color=how.colour or None)
    for note in [] if quiet else dropped:
        click.echo(f"{note}. All of them: --format csv", err=True)
    _tell_github(found)
    return 0 if found.holds else WORSE


def _ran(named: str) -> "Ran":
    from attnprof.comparison.runs import Ran
    from attnprof.errors import RunFolderError
    from attnprof.records.journal import environment_in, events_in

    path = Path(named)
    if path.is_file():
        raise RunFolderError(f"{named}: a table does not have what each process found; name the run's folder")
    events = events_in(path)
    return Ran(named, environment_in(path), events)


def _published(run: str, other: str, format: str, no_color: bool) -> int:
    from attnprof.cli._output import look, results_of
    from attnprof.comparison.published import compare, named
    from attnprof.errors import UsageError
    from attnprof.published import figures
    from attnprof.views import published as view

    wanted = named(figures(), other.removeprefix(PUBLISHED))
    tables = compare(results_of(run).rows(), wanted)
    if not tables:
        raise UsageError(f"{other}: nothing of it is counted of our networks, at the input sizes of this run")
    how = look(no_color=no_color)
    if format == "text":
        click.echo(view.as_text(tables, how), color=how.colour or None)
        return 0
    write: Any = getattr(view, f"as_{format}")
    click.echo(write(tables))
    return 0


def _tell_github(found: "Comparison") -> None:
    """Annotate what the gate objects to, and put the table into the step's summary, where this is a GitHub workflow."""
    from attnprof.cli import _github
    from attnprof.comparison.ratios import SLOWER
    from attnprof.units import show_seconds
    from attnprof.views import diff as view

    if not _github.in_actions():
        return
    for cell in found.called(SLOWER):
        outcome = cell.outcome
        assert outcome is not None
        figures = f"{show_seconds(outcome.before.seconds)} -> {show_seconds(outcome.after.seconds)}"
        interval = f" ({view.show_interval(outcome)})" if outcome.interval else ""
        _github.annotate(
            f"attnprof diff: {cell.case.label}",
            f"slower, {figures}, {view.show_ratio(outcome.ratio)}{interval}",
        )
    for cell in found.broken:
        _github.annotate(f"attnprof diff: {cell.case.label}", f"{cell.ended[1]}: {cell.reason}")
    for cell, change in found.changed:
        _github.annotate(f"attnprof diff: {cell.case.label}", view.show_change_of(change))
    _github.summarise(view.as_md(found))


COMMAND = click.Command(
    "diff",
    callback=_diff,
    help=HELP,
    params=[
        click.Argument(["run"], metavar="A"),
        click.Argument(["other"], metavar="B|published:NAME"),
        click.Option(["--tolerance"], metavar="SHARE", help="a smaller change is no change [5%]"),
        click.Option(["--metric"], metavar="NAME", help="latency, device_time or another time [latency]"),
        click.Option(["--across"], is_flag=True, help="compare runs of other versions all the same"),
        click.Option(
            ["--format"], type=click.Choice(FORMS), default="text", help="of what is printed [text]"
        ),
        *SHARED,
    ],
)
