"""``attnprof diff``: two runs compared, or a run held to published tables."""

from pathlib import Path

from attnprof import published as published_figures
from attnprof.choosing.candidates import candidates
from attnprof.choosing.runtimes import RUNTIME, RuntimeBlock, across_runtimes
from attnprof.cli import _github
from attnprof.cli._output import Outlet
from attnprof.cli._results import is_file, results_of
from attnprof.cli._terminal import Terminal
from attnprof.comparison import published
from attnprof.comparison.ratios import SLOWER
from attnprof.comparison.runs import TOLERANCE, Comparison, Ran, compare
from attnprof.comparison.runtimes import require_pair, sides
from attnprof.errors import NOT_MET, RunFolderError, UsageError
from attnprof.formats import Document, Look, md
from attnprof.records.journal import environment_in, events_in
from attnprof.units import parse_share, show_seconds
from attnprof.views import diff as view
from attnprof.views import diff_runtimes as view_of_runtimes
from attnprof.views import published as view_of_published

PUBLISHED = "published:"
OF_RUNTIME = "runtime:"


def diff(
    before: str,
    after: str,
    tolerance: str | None,
    metric: str | None,
    absolute: bool,
    across: bool,
    format: str | None,
    output: str | None,
    units: str,
    caption: str,
    label: str,
    no_notes: bool,
    terminal: Terminal,
) -> int:
    """Compare run ``after``, or the published figures that ``after`` names, with run ``before``."""
    outlet = Outlet(format, output, units, caption, label, no_notes)
    if after.startswith(PUBLISHED):
        options = {"--tolerance": tolerance, "--metric": metric, "--absolute": absolute, "--across": across}
        _refuse(options, "published tables have counts alone")
        outlet.deliver(_with_published(before, after), terminal)
        return 0
    if after.startswith(OF_RUNTIME):
        _refuse({"--across": across}, "two runtimes are of one run")
        runtime = after.removeprefix(OF_RUNTIME)
        outlet.deliver(_of_runtimes(before, runtime, tolerance, metric), terminal)
        return 0
    runs = _ran(before), _ran(after)
    comparison = compare(*runs, _tolerance(tolerance), metric or "latency", across, absolute)
    _annotate(comparison)
    outlet.deliver(view.document(comparison), terminal)
    return 0 if comparison.holds else NOT_MET


def _refuse(options: dict[str, str | bool | None], reason: str) -> None:
    """Raises UsageError for an option that was used and compares two runs."""
    for option, value in options.items():
        if value:
            raise UsageError(f"{option} compares two runs; {reason}")


def _tolerance(text: str | None) -> float:
    if text is None:
        return TOLERANCE
    try:
        return 0.0 if text.strip() == "0%" else parse_share(text)
    except ValueError as problem:
        raise UsageError(f"--tolerance: {problem}") from None


def _ran(run: str) -> Ran:
    path = Path(run)
    if is_file(path):
        raise RunFolderError(f"{run}: a table does not have what each process found; name the run's folder")
    events = events_in(path)
    return Ran(run, environment_in(path), events)


def _with_published(run: str, name: str) -> Document:
    figures = published.named(published_figures.figures(), name.removeprefix(PUBLISHED))
    tables = published.compare(results_of(run).rows(), figures)
    if not tables:
        raise UsageError(f"{name}: it has no params or FLOPs of a network and input size of this run")
    return view_of_published.document(tables)


def _of_runtimes(run: str, runtime: str, tolerance: str | None, metric: str | None) -> Document:
    """Compare seconds in two runtimes: there is no control that takes as long in both."""
    ran = _ran(run)
    first = require_pair(ran, runtime)
    before, after = sides(ran, first, runtime)
    comparison = compare(before, after, _tolerance(tolerance), metric or "latency", absolute=True)
    return view_of_runtimes.document(comparison, _ranks(run, (first, runtime)))


def _ranks(run: str, runtimes: tuple[str, str]) -> list[RuntimeBlock]:
    """The ranks at each size of ``run`` in two runtimes."""
    rows = [row for row in results_of(run).rows() if row[RUNTIME] in runtimes]
    points, entrants = candidates(rows, {})
    return across_runtimes(entrants, points)


def _annotate(comparison: Comparison) -> None:
    """Annotate slower, failed and changed cells, and summarise the step, where this is a GitHub workflow."""
    if not _github.in_actions():
        return
    for cell in comparison.called(SLOWER):
        outcome = cell.outcome
        assert outcome is not None
        figures = " -> ".join(show_seconds(seconds) for seconds in cell.seconds if seconds)
        interval = f" ({view.show_interval(outcome)})" if outcome.interval else ""
        message = f"slower, {figures}, {view.show_ratio(outcome.ratio)}{interval}"
        _github.annotate(f"attnprof diff: {cell.case.label}", message)
    for cell in comparison.broken:
        _github.annotate(f"attnprof diff: {cell.case.label}", f"{cell.ended[1]}: {cell.reason}")
    for cell, change in comparison.changed:
        _github.annotate(f"attnprof diff: {cell.case.label}", view.show_change_of(change))
    _github.summarise(md.write(view.document(comparison), Look()).text)
