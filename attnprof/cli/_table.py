"""``attnprof table``: the results of a run, printed again."""

import shlex
from collections.abc import Sequence

from attnprof.catalogue.selection import split
from attnprof.cli._output import Outlet
from attnprof.cli._results import of_modules, results_of
from attnprof.cli._terminal import Terminal
from attnprof.errors import UnknownNameError, UsageError
from attnprof.results import Results
from attnprof.results.baseline import over
from attnprof.results.pivot import pivot_key
from attnprof.results.ranks import RANK, with_ranks
from attnprof.views.run import document as document_of_run
from attnprof.views.screen import Wish

NOTE = "note"  # a column that a table has wherever a row has one


def table(
    run: str | None,
    format: str | None,
    columns: str,
    pivot: str | None,
    sort: str,
    baseline: str | None,
    modules: str,
    all_rows: bool,
    wide: bool,
    output: str | None,
    units: str,
    caption: str,
    label: str,
    no_notes: bool,
    terminal: Terminal,
) -> int:
    """Print the results of ``run``, or write them to the file ``output``."""
    outlet = Outlet(format, output, units, caption, label, no_notes)
    if pivot:
        pivot_key(pivot)
    names = tuple(name for name in split(columns) if name.lower() != NOTE)
    results = results_of(run)
    if baseline:
        results = _over(results, baseline)
    if _has_ranks(names, pivot):
        results = with_ranks(results)
    results = of_modules(results, modules)
    wish = Wish(everything=all_rows, is_wide=wide, run=_named(run))
    document = document_of_run(results, names, pivot or "", wish, sort, outlet.wish.units)
    outlet.deliver(document, terminal)
    return 0


def _has_ranks(columns: Sequence[str], pivot: str | None) -> bool:
    """Whether the table has ranks: where runtimes stand side by side, and where a column is named so."""
    beside = bool(pivot) and "execution" in pivot_key(pivot or "").covers
    return (beside and not columns) or RANK in {name.removeprefix("+") for name in columns}


def _named(run: str | None) -> str | None:
    """How a command names the run; empty for the newest, None for one from standard input."""
    if run == "-":
        return None
    return shlex.quote(run) if run else ""


def _over(results: Results, baseline: str) -> Results:
    try:
        return over(results, baseline)
    except UnknownNameError as problem:
        raise UsageError(f"--baseline: {problem}") from None
