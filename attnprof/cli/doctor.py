"""Examine this machine: device, clocks, timer, packages"""

import click

from attnprof.cli._command import command, format_option

HELP = """\
Examine this machine before it measures, and recommend what to change.

\b
  attnprof doctor
  attnprof doctor --device cuda:1 --format json

Takes about 10 seconds: a module is measured against itself in three processes,
and networks of known counts are counted. Exit code 4: something makes
measuring impossible.
"""

COMMAND = command(
    "doctor",
    "attnprof.cli._doctor:doctor",
    HELP,
    [
        click.Option(["--device"], default="auto", metavar="NAME", help="auto, cpu, cuda or cuda:1 [auto]"),
        click.Option(
            ["--threads"],
            default=1,
            type=click.IntRange(1, 1024),
            metavar="N",
            help="CPU threads per operator [1]",
        ),
        format_option(),
    ],
)
