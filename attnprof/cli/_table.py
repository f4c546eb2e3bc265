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
from attnprof.units import show_count
from attnprof.views.run import document as document_of_run
from attnprof.views.run import top as first_lines
from attnprof.views.screen import Wish
from attnprof.views.where import rows_where

MANY = 1000  # rows from which on a terminal shows the first lines alone
FIRST_LINES = 50
NOTE = "note"  # a column that a table has wherever a row has one


def table(
    run: str | None,
    format: str | None,
    columns: str,
    pivot: str | None,
    sort: str,
    baseline: str | None,
    modules: str,
    where: str,
    top: int | None,
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
    pivot = pivot or ""
    if pivot:
        pivot_key(pivot)
    names = tuple(name for name in split(columns) if name.lower() != NOTE)
    results = _with_more(results_of(run), baseline, _has_ranks(names, pivot))
    results = rows_where(of_modules(results, modules), where)
    most = _most_lines(top, len(results.frame), all_rows or not outlet.is_screen(terminal))
    shown = first_lines(results, most, pivot, sort) if most else results
    wish = Wish(everything=all_rows or most > 0, is_wide=wide, run=_named(run))
    document = document_of_run(shown, names, pivot, wish, sort, outlet.wish.units)
    outlet.deliver(document, terminal)
    if most and top is None:
        terminal.note(_cut_short(len(results.frame), most, sort))
    return 0


def _with_more(results: Results, baseline: str | None, ranks: bool) -> Results:
    """``results`` with the ratios to ``baseline``, and with ranks, where they are wanted."""
    if baseline:
        results = _over(results, baseline)
    return with_ranks(results) if ranks else results


def _most_lines(top: int | None, rows: int, everything: bool) -> int:
    """How many lines are shown of a table of so many rows; 0: all of them. Raises UsageError."""
    if top is not None and top < 1:
        raise UsageError(f"--top: {top} is no number of lines; write 1 or more")
    if top is None and (everything or rows <= MANY):
        return 0
    return top or FIRST_LINES


def _cut_short(rows: int, lines: int, sort: str) -> str:
    """What a terminal was not shown, and the options that show it."""
    order = f"by {sort.removeprefix('-')}" if sort else "the largest maps first"
    return (
        f"the first {lines} lines of {show_count(rows)} rows, {order}: --all, --top N,"
        " --where 'channels=64,res=56'"
    )


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
