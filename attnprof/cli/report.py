"""Write one offline HTML page of a run: chart, budget, table, modules"""

from pathlib import Path

import click

from attnprof.cli._output import SHARED

HELP = """\
Write one offline HTML page of a run, and print its path.

\b
  attnprof report                                      the newest run under reports/
  attnprof report reports/20261120-run-cpu -o page.html

RUN is a run folder, a results.csv, or - for a CSV on standard input. The page
is one file that asks the network for nothing: open it from disk, send it on.
"""
PAGE = "report.html"


def _report(run: str | None, output: str | None, quiet: bool, no_color: bool) -> int:
    from attnprof.cli._output import results_of
    from attnprof.errors import EnvironmentProblem, UsageError
    from attnprof.records.journal import newest_folder
    from attnprof.report import page

    if run == "-" and output is None:
        raise UsageError("a CSV on standard input has no folder; name the page: -o page.html")
    if output is not None and Path(output).suffix not in (".html", ".htm"):
        # A slip of the hand must not write over a results.csv.
        raise UsageError(f"-o: {output} is no name for a page; write {Path(output).with_suffix('.html')}")
    source = Path(run) if run else newest_folder()
    folder = source.parent if source.is_file() else source
    path = Path(output) if output else folder / PAGE
    text = page(results_of(str(source)), "standard input" if run == "-" else _name(folder))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise EnvironmentProblem(
            f"cannot write {path}: {(problem.strerror or str(problem)).lower()}"
        ) from None
    click.echo(path)
    return 0


def _name(folder: Path) -> str:
    """The run as a user would name it again: no more of where it lies than reports/."""
    whole = folder.resolve()
    return f"reports/{whole.name}" if whole.parent.name == "reports" else whole.name


COMMAND = click.Command(
    "report",
    callback=_report,
    help=HELP,
    params=[
        click.Argument(["run"], required=False, metavar="[RUN]"),
        click.Option(
            ["-o", "--output"], metavar="FILE", help=f"write there instead of into the run folder ({PAGE})"
        ),
        *SHARED,
    ],
)
