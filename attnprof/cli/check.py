"""Check modules against a budget in CI; exit code 1 if one is over"""

import click

from attnprof.cli._budget_options import budget_options
from attnprof.cli._command import command, output_options

HELP = """\
Check that every module of a spec keeps its budget at every point.

\b
  attnprof check attnprof.toml
  attnprof check attnprof.toml --max-params 1.1x:se --format json
  attnprof check attnprof.toml --write counts.json
  attnprof check attnprof.toml --against counts.json

FILE has [grid] and [budget]; the default is ./attnprof.toml. Only counts are
judged, exactly and alike on every machine; --measure judges latency and memory
too. Under GitHub Actions each broken limit is annotated, and the table goes to
the step's summary. Exit code 1: a module is over, or could not be counted.

--against compares with counts that --write wrote, with a budget or without:
which count changed, from what to what. Exit code 1: one did. Modules and sizes
that were added or removed are named.
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
        click.Option(["--against"], metavar="FILE", help="compare with the counts in this file"),
        click.Option(["--write"], metavar="FILE", help="write the counts there, for --against"),
        click.Option(["--junit"], metavar="FILE", help="write the verdicts there as JUnit XML, too"),
        *output_options(),
    ],
)
