"""List the catalogue: name, family, place, year, variants, sizes taken"""

import click

from attnprof.cli._output import SHARED

HELP = """\
List the attention modules of the catalogue.

\b
  attnprof list
  attnprof list 'family:channel,!se'

PATTERN is a list of names, family:NAME, place:NAME or year:YEAR; !NAME takes away.
"""


def _list(pattern: str, quiet: bool, no_color: bool) -> int:
    from attnprof.catalogue import entry
    from attnprof.cli._catalogue_text import listing
    from attnprof.selection import select, split

    names = dict.fromkeys(choice.module for choice in select(split(pattern)))
    click.echo(listing([entry(name) for name in names]))
    return 0


COMMAND = click.Command(
    "list",
    callback=_list,
    help=HELP,
    params=[click.Argument(["pattern"], default="all", metavar="[PATTERN]"), *SHARED],
)
