"""Compare two runs, two runtimes of a run, or a run with published tables"""

import click

from attnprof.cli._command import command, output_options, publishing_options

HELP = """\
Compare run B with run A, cell by cell: faster, slower, same or unclear; two
runtimes of run A; or run A with published tables.

\b
  attnprof diff reports/20261120-run-cpu reports/20261121-run-cpu
  attnprof diff main-run branch-run --tolerance 2% --format md
  attnprof diff RUN runtime:onnxruntime
  attnprof diff reports/20261130-published-meta published:resnet50

A and B are run folders. Processes are compared, not samples: at least two in
each run, better six (--quality paper). A time is compared as a ratio to the
baseline's, or to that of a control product, in the same process: a machine
that became slower is no slower cell. Runs under different conditions are
refused. Exit code 1: a cell is slower by more than the tolerance, a cell
failed, or a count changed. Under GitHub Actions each of these is annotated,
and the table goes to the step's summary.

runtime:NAME compares the seconds in that runtime of A with those in eager, and
says how similar the ranks are and which modules rise and fall. Exit code 0.

published:NAME is a network, a module, words of a source, or all. Each figure
is reproduced, explained by a way of counting, or not reproduced. The run needs
--metrics params,leaf_params,channel_pairs,macs,operators, as in
specs/published.toml.
"""

COMMAND = command(
    "diff",
    "attnprof.cli._diff:diff",
    HELP,
    [
        click.Argument(["before"], metavar="A"),
        click.Argument(["after"], metavar="B|runtime:NAME|published:NAME"),
        click.Option(["--tolerance"], metavar="SHARE", help="smaller changes count as none [5%]"),
        click.Option(["--metric"], metavar="NAME", help="latency, device_time or another time [latency]"),
        click.Option(["--absolute"], is_flag=True, help="compare seconds, not ratios to a control"),
        click.Option(["--across"], is_flag=True, help="compare runs of different versions"),
        *publishing_options(),
        *output_options(),
    ],
)
