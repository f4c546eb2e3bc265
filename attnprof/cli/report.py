"""Write one offline HTML page of a run: chart, budget, table"""

import click

from attnprof.cli._command import command, run_argument, where_option

HELP = """\
Write one offline HTML page of a run, and print its path.

\b
  attnprof report --open
  attnprof report reports/20261120-run-cpu -o page.html

RUN is a run folder, a results.csv, or - for a CSV on standard input; the
default is the newest folder under reports/. The page is one file that loads
nothing from the network.
"""

COMMAND = command(
    "report",
    "attnprof.cli._report:report",
    HELP,
    [
        run_argument(),
        where_option(),
        click.Option(["-o", "--output"], metavar="FILE", help="write there (report.html in the run folder)"),
        click.Option(["--open"], is_flag=True, help="show it in the browser"),
    ],
)
