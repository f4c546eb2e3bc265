"""List the modules of the catalogue, or the networks"""

import click

from attnprof.cli._command import command, format_option

HELP = """\
List the attention modules of the catalogue, or the networks that they go into.

\b
  attnprof list
  attnprof list 'family:channel,!se'
  attnprof list se,eca,cbam --formula
  attnprof list --networks

PATTERN is a list of names, family:NAME, place:NAME or year:YEAR; !NAME removes
one.
"""

COMMAND = command(
    "list",
    "attnprof.cli._list:list_entries",
    HELP,
    [
        click.Argument(["pattern"], default="all", metavar="[PATTERN]"),
        click.Option(["--networks"], is_flag=True, help="the networks: params, MACs, default places, source"),
        click.Option(["--formula"], is_flag=True, help="params, MACs and FLOPs as polynomials in C, H and W"),
        click.Option(["--at"], metavar="C@HxW", help="the size around which they hold [256@56]"),
        format_option(),
    ],
)
