"""Check modules against a budget in CI; exit code 1 if one is over"""

import click

from attnprof.cli._budget_options import budget_options
from attnprof.cli._command import command, output_options

HELP = """\
Check that every module of a spec keeps its budget at every point.

\b
  attnprof check attnprof.toml
  attnprof check attnprof.toml --max-params 1.1x:se --format json

FILE has [grid] and [budget]; the default is ./attnprof.toml. Only counts are
judged, exactly and alike on every machine; --measure judges latency and memory
too. Under GitHub Actions each broken limit is annotated, and the table goes to
the step's summary. Exit code 1: a module is over, or could not be counted.
"""

COMMAND = command(
    "check",
    "attnprof.cli._check:check",
    HELP,
    [
        click.Argument(["file"], required=False, metavar="[FILE]"),
        *budget_options(),
        click.Option(
            ["--measure"], is_flag=True, help="measure too, and judge latency, memory and throughput"
        ),
        *output_options(),
    ],
)
