"""Explain a count: each operator's share, other tools' counts"""

import click

from attnprof.cli._command import command, format_option

HELP = """\
Explain what one module costs at one size: a tree of its operators, and why
other tools count differently.

\b
  attnprof explain nonlocal@64@56
  attnprof explain 'cbam(reduction=8)@256@28x40' --formula
  attnprof explain my.py:Gate@64@56 --format json

TARGET is NAME@C@HxW: a module as -m takes it, its channels, and the map's
height and width.
"""

COMMAND = command(
    "explain",
    "attnprof.cli._explain:explain",
    HELP,
    [
        click.Argument(["target"]),
        click.Option(["--formula"], is_flag=True, help="params, MACs and FLOPs as polynomials in C, H and W"),
        click.Option(["--verify"], is_flag=True, help="check every shape against torch's own kernels"),
        click.Option(["--train"], is_flag=True, help="forward + backward"),
        click.Option(["--batch"], default="1", metavar="N", help="images per call [1]"),
        format_option(),
    ],
)
