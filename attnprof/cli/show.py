"""Show one module: paper, formula, arguments, limits, costs"""

import click

from attnprof.catalogue import MODULES
from attnprof.cli._command import command
from attnprof.cli._completing import names_of
from attnprof.snippets import SNIPPETS

HELP = """\
Show what a module computes, which sizes it takes, what it costs, and what is
published of it.

\b
  attnprof show cbam
  attnprof show nonlocal --at 256@28x40
  attnprof show ca --network mobilenetv2
  attnprof show 'cbam(reduction=8)' --as pytorch > cbam.py
"""

COMMAND = command(
    "show",
    "attnprof.cli._show:show",
    HELP,
    [
        click.Argument(["name"], shell_complete=names_of(MODULES)),
        click.Option(
            ["--as", "framework"],
            metavar="FRAMEWORK",
            help=f"code to paste, for {', '.join(SNIPPETS.names())}",
        ),
        click.Option(
            ["--at"], default="64@56", metavar="C@HxW", help="size at which variants are counted [64@56]"
        ),
        click.Option(
            ["--network"], default="resnet50", metavar="NAME", help="of published figures [resnet50]"
        ),
        click.Option(
            ["--dataset"], default="imagenet-1k", metavar="NAME", help="of published figures [imagenet-1k]"
        ),
        click.Option(
            ["--sources"], is_flag=True, help="published figures with params, FLOPs, conventions, recipes"
        ),
    ],
)
