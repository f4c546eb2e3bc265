"""Check modules against a budget, for CI: exact counts, exit code 1 where one is over"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attnprof.cli._budget_options import budget_given, budget_options
from attnprof.cli._output import SHARED

if TYPE_CHECKING:
    from attnprof.choosing.budget import Budget
    from attnprof.formats import Look
    from attnprof.results import Results
    from attnprof.spec import Spec
    from attnprof.views.check import Check

HELP = """\
Check that every module of a spec keeps its budget at every point.

\b
  attnprof check attnprof.toml
  attnprof check attnprof.toml --max-params 1.1x:se --format json

FILE has [grid] and [budget]; without it ./attnprof.toml. Counts alone are judged, exactly and alike on every machine;
--measure judges latency and memory too. Under GitHub Actions each limit that is broken is annotated, and the table goes
to the step's summary. Exit code 1: some module is over, or could not be counted.
"""
OVER = 1
FORMS = ("text", "json", "csv", "md")


def _check(file: str | None, measure: bool, format: str, quiet: bool, no_color: bool, **given: Any) -> int:
    from attnprof.catalogue.selection import select
    from attnprof.choosing.candidates import candidates
    from attnprof.choosing.judging import verdicts
    from attnprof.cli._output import look
    from attnprof.errors import UsageError
    from attnprof.views.check import Check

    asked, path = _asked(file)
    given_budget = budget_given(given)
    budget = asked.budget if given_budget is None else given_budget
    judged = tuple(limit for limit in budget if limit.measure.exact or (measure and limit.measure.column))
    if not judged:
        what = (
            "its limits need --measure"
            if budget
            else f"{path} has no [budget]; add one, or --budget 'params<=10k'"
        )
        raise UsageError(f"nothing to judge: {what}")
    spec = _spec(asked, judged, measure)
    results = _counted(spec, quiet, no_color)
    points, among = candidates(results.rows(), results.notes)
    own = {(choice.module, choice.variant) for choice in select(asked.modules, asked.variants, asked.set)}
    found = [
        (each, verdicts(each, judged, points, among)) for each in among if (each.module, each.variant) in own
    ]
    unjudged = tuple(limit for limit in budget if limit not in judged)
    check = Check(str(path), judged, unjudged, points, found)
    _tell_github(check, path if given_budget is None else None)
    _show(check, format, look(no_color=no_color), quiet)
    return 0 if check.holds else OVER


def _asked(file: str | None) -> "tuple[Spec, Path]":
    from attnprof.cli._spec_options import spec_file
    from attnprof.errors import UsageError
    from attnprof.spec.file import from_file, merge

    path = spec_file(file)
    if path is None:
        raise UsageError("no spec file here: write attnprof.toml with [grid] and [budget], or name one")
    return merge([from_file(path)]), path


def _spec(asked: "Spec", judged: "Budget", measure: bool) -> "Spec":
    """What has to be counted or measured: ``asked``, and the modules that limits are relative to."""
    references = [
        limit.reference for limit in judged if limit.reference and limit.reference not in asked.modules
    ]
    changes = {
        "modules": (*asked.modules, *dict.fromkeys(references)),
        "no_latency": not measure,
        "counters": (),
        "metrics": (),
        "train": any(limit.measure.mode == "train" for limit in judged),
        "shard": None,
    }
    return asked.model_copy(update=changes)


def _counted(spec: "Spec", quiet: bool, no_color: bool) -> "Results":
    from attnprof.cli._progress import Watch, starting
    from attnprof.planning import plan
    from attnprof.records.journal import KEPT
    from attnprof.results import tabulate
    from attnprof.running import run
    from attnprof.running.client import start_worker

    worker = start_worker(spec)
    try:
        with starting(quiet, no_color):
            planned = plan(spec, worker.environment["device"])
    except BaseException:
        worker.kill()
        raise
    this, kept = run(planned, worker), []
    with Watch(len(planned.cells), spec.time_budget, quiet, no_color, planned.timed) as watch:
        for event in this:
            watch.see(event)
            kept += [event] if event["event"] in KEPT else []
    return tabulate(kept, planned, this.environment)


def _tell_github(check: "Check", path: "Path | None") -> None:
    from attnprof.cli import _github
    from attnprof.formats import md
    from attnprof.spec.file import line_of
    from attnprof.views import check as view

    if not _github.in_actions():
        return
    text = path.read_text(encoding="utf-8") if path else ""
    root = ("tool", "attnprof") if path and path.name == "pyproject.toml" else ()
    for candidate, verdict in check.broken:
        line = line_of(text, (*root, "budget", verdict.limit.measure.name)) if path else None
        message = f"{check.says(verdict)} ({verdict.limit})"
        _github.annotate(f"attnprof check: {candidate.name}", message, str(path or ""), line)
    _github.summarise(md.typeset(view.sheet_of(check), [*check.caption, check.outcome]))


def _show(check: "Check", format: str, how: "Look", quiet: bool) -> None:
    from attnprof.formats import md, text
    from attnprof.views import check as view

    if format in ("json", "csv"):
        click.echo(getattr(view, f"as_{format}")(check))
        return
    laid = view.sheet_of(check)
    if format == "md":
        click.echo(md.typeset(laid, [*check.caption, check.outcome]))
        return
    table, dropped = text.typeset(laid, lambda kept: check.caption, how)
    click.echo(f"{table}\n\n{check.outcome}", color=how.colour or None)
    for note in [] if quiet else dropped:
        click.echo(f"{note}. All of them: --format csv", err=True)


COMMAND = click.Command(
    "check",
    callback=_check,
    help=HELP,
    params=[
        click.Argument(["file"], required=False, metavar="[FILE]"),
        *budget_options(),
        click.Option(
            ["--measure"], is_flag=True, help="measure too, and judge latency, memory and throughput"
        ),
        click.Option(
            ["--format"],
            type=click.Choice(FORMS),
            default="text",
            metavar="FORMAT",
            help=f"{', '.join(FORMS)} [text]",
        ),
        *SHARED,
    ],
)
