"""Print a run's table again: other columns, formats, side by side"""

import click

from attnprof.cli._command import command, output_options, run_argument

HELP = """\
Print the results of a run again.

\b
  attnprof table
  attnprof table reports/20261120-run-cpu -o results.tex
  attnprof table --pivot channels --columns module,params,latency_s
  attnprof table --pivot runtime
  attnprof table --baseline se -m eca,cbam

RUN is a run folder, a results.csv, or - for a CSV on standard input; the
default is the newest folder under reports/. --baseline se adds the ratio of
every cost to se's. --pivot runtime adds the rank in each runtime, and so does
the name rank among --columns.
"""

COMMAND = command(
    "table",
    "attnprof.cli._table:table",
    HELP,
    [
        run_argument(),
        click.Option(
            ["--columns"],
            default="",
            metavar="LIST",
            help="these columns, in this order; +fvcore: one more",
        ),
        click.Option(["--wide"], is_flag=True, help="every usual column, and what the headings mean"),
        click.Option(["--all", "all_rows"], is_flag=True, help="every row; piped: always"),
        click.Option(
            ["--pivot"],
            metavar="KEY",
            help="rows side by side by: channels, res, point, batch, runtime, ...",
        ),
        click.Option(["--baseline"], metavar="NAME", help="add each cost's ratio to this module's"),
        click.Option(
            ["-m", "--modules"], default="", metavar="LIST", help="only these: names, family:channel, !name"
        ),
        *output_options(),
    ],
)
