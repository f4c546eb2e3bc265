"""Merge shards of a plan, or runs of several machines"""

import click

from attnprof.cli._command import command, format_option

HELP = """\
Merge the folders of several runs into one run folder.

\b
  attnprof merge shard1 shard2 shard3 -o whole
  attnprof merge reports/20261120-run-cpu reports/20261120-run-nvidia-h200

Shards come from 'attnprof run --shard 1/3', on one machine or several. The
runs must have the same spec and version of attnprof, and a case that two runs
of one machine share must be the same in both. The parts stay as they are.
"""

COMMAND = command(
    "merge",
    "attnprof.cli._merge:merge",
    HELP,
    [
        click.Argument(["run"], nargs=-1, metavar="RUN..."),
        click.Option(["--name"], default="merged", metavar="NAME", help="name of the run folder [merged]"),
        click.Option(["-o", "--output"], metavar="DIR", help="run folder (reports/<date>-<name>-<device>)"),
        format_option(),
    ],
)
