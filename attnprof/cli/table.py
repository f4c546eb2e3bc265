"""Print a run's table again: other columns, formats, side by side"""

import click

from attnprof.cli._command import (
    OUTPUT,
    command,
    output_options,
    publishing_options,
    run_argument,
    where_option,
)

HELP = """\
Print the results of a run again.

\b
  attnprof table
  attnprof table reports/20261120-run-cpu -o results.tex
  attnprof table --pivot channels --columns module,params,latency_s
  attnprof table --sort -params --units M,G --caption 'In ResNet-50' -o t.tex
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
    {
        "What": [
            run_argument(),
            click.Option(
                ["-m", "--modules"],
                default="",
                metavar="LIST",
                help="only these: names, family:channel, !name",
            ),
            click.Option(
                ["--columns"], default="", metavar="LIST", help="these, in this order; +fvcore: one more"
            ),
            click.Option(["--baseline"], metavar="NAME", help="add each cost's ratio to this module's"),
            click.Option(
                ["--pivot"],
                metavar="KEY",
                help="rows side by side by: channels, res, point, batch, runtime",
            ),
            click.Option(
                ["--sort"], default="", metavar="COLUMN", help="in its order; -COLUMN: the largest first"
            ),
            click.Option(["--wide"], is_flag=True, help="every usual column, and what the headings mean"),
            where_option(),
            click.Option(["--top"], type=int, metavar="N", help="the first N lines"),
            click.Option(["--all", "all_rows"], is_flag=True, help="every row; piped: always"),
        ],
        "For a paper": publishing_options(),
        OUTPUT: output_options(),
    },
)
