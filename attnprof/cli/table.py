"""Show a run again: text, md, latex, csv or json; other columns, side by side, relative"""

import sys
from dataclasses import replace

import click

from attnprof.cli._output import SHARED
from attnprof.formats import FORMATS

HELP = """\
Show the results of a run again.

\b
  attnprof table                                       the newest run under reports/
  attnprof table reports/20261120-run-cpu --format latex -o results.tex
  attnprof table --pivot channels --columns module,params,latency_s
  attnprof table --baseline se -m eca,cbam             every cost over se's, too

RUN is a run folder, a results.csv, or - for a CSV on standard input.
"""


def _table(
    run: str | None,
    format: str,
    columns: str,
    pivot: str | None,
    baseline: str | None,
    modules: str,
    output: str | None,
    quiet: bool,
    no_color: bool,
) -> int:
    from pathlib import Path

    from attnprof.cli._output import look, of_modules, results_of, show
    from attnprof.errors import EnvironmentProblem, UnknownNameError, UsageError
    from attnprof.results.baseline import over
    from attnprof.results.pivot import pivot_key

    FORMATS.module_name(format)
    if pivot:
        pivot_key(pivot)
    names = tuple(name.strip() for name in columns.split(",") if name.strip())
    results = results_of(run)
    if baseline:
        try:
            results = over(results, baseline)
        except UnknownNameError as problem:
            raise UsageError(f"--baseline: {problem}") from None
    results = of_modules(results, modules)
    if output is None:
        show(results, format, replace(look(names, no_color), pivot=pivot or ""), quiet)
        return 0
    from attnprof.formats import Look

    text, _ = FORMATS.get(format).render(results, Look(names, pivot=pivot or ""))
    try:
        Path(output).write_text(text + "\n", encoding="utf-8")
    except OSError as problem:
        raise EnvironmentProblem(f"cannot write {output}: {(problem.strerror or '').lower()}") from None
    if not quiet:
        print(output, file=sys.stderr)
    return 0


COMMAND = click.Command(
    "table",
    callback=_table,
    help=HELP,
    params=[
        click.Argument(["run"], required=False, metavar="[RUN]"),
        click.Option(
            ["--format"], default="text", metavar="FORMAT", help=f"{', '.join(FORMATS.names())} [text]"
        ),
        click.Option(
            ["--columns"], default="", metavar="LIST", help="these columns of results.csv, in this order"
        ),
        click.Option(
            ["--pivot"],
            metavar="KEY",
            help="rows side by side by: channels, res, point, batch, mode, device, ...",
        ),
        click.Option(
            ["--baseline"], metavar="NAME", help="add each cost over this module's, as it stands in the run"
        ),
        click.Option(
            ["-m", "--modules"], default="", metavar="LIST", help="only these: names, family:channel, !name"
        ),
        click.Option(["-o", "--output"], metavar="FILE", help="write there instead"),
        *SHARED,
    ],
)
