"""Show a run again: text, md, csv or json; other columns"""

import sys

import click

from attnprof.cli._output import SHARED
from attnprof.spec import FORMATS

HELP = """\
Show the results of a run again.

\b
  attnprof table                                       the newest run under reports/
  attnprof table reports/20261120-run-cpu --format md -o results.md

RUN is a run folder, a results.csv, or - for a CSV on standard input.
"""


def _table(run: str | None, format: str, columns: str, output: str | None, quiet: bool, no_color: bool) -> int:
    from pathlib import Path

    from attnprof.cli._output import look, results_of, show
    from attnprof.errors import EnvironmentProblem

    FORMATS.module_name(format)
    names = tuple(name.strip() for name in columns.split(",") if name.strip())
    results = results_of(run)
    if output is None:
        show(results, format, look(names, no_color), quiet)
        return 0
    from attnprof.formats import Look

    text, _ = FORMATS.get(format).render(results, Look(names))
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
        click.Option(["--format"], default="text", metavar="FORMAT", help=f"{', '.join(FORMATS.names())} [text]"),
        click.Option(["--columns"], default="", metavar="LIST", help="these columns of results.csv, in this order"),
        click.Option(["-o", "--output"], metavar="FILE", help="write there instead"),
        *SHARED,
    ],
)
