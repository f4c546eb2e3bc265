"""Explain a count: each operator's share, other tools' counts"""

import click

from attnprof.cli._command import command, format_option
from attnprof.cli._input_options import INPUT, REAL

HELP = """\
Explain what one module costs at one size: a tree of its operators, and why
other tools count differently.

\b
  attnprof explain nonlocal@64@56
  attnprof explain 'cbam(reduction=8)@256@28x40' --formula
  attnprof explain my.py:Gate@64@56 --format json
  attnprof explain my.py:Net --input 1x3x224x224
  attnprof explain my.py:Encoder --input 'ids=int64[30522]:1x128'

TARGET is NAME@C@HxW: a module as -m takes it, its channels, and the map's
height and width. With --input it is a module of your own by itself, built
without channels and called with these inputs; docs/counting.md has the grammar.
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
        INPUT,
        REAL,
        format_option(),
    ],
)
