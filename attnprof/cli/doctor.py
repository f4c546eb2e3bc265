"""Examine this machine, or a run folder"""

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

With FOLDER: say what is wrong with a run folder, file by file. --repair writes
a mended copy beside it, FOLDER-repaired. Exit code 1: something is wrong.

\b
  attnprof doctor reports/20261120-run-cpu --repair
"""

COMMAND = command(
    "doctor",
    "attnprof.cli._doctor:doctor",
    HELP,
    [
        click.Argument(["folder"], required=False, metavar="[FOLDER]"),
        click.Option(["--repair"], is_flag=True, help="write a mended copy of FOLDER"),
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
