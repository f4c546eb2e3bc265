"""Print the BibTeX of modules' papers"""

import click

from attnprof.catalogue import MODULES
from attnprof.cli._command import command
from attnprof.cli._completing import names_of

HELP = """\
Print the BibTeX of the papers that modules come from.

\b
  attnprof cite se cbam >> references.bib
  attnprof cite family:channel

NAME is a module's name, family:NAME, year:YEAR or place:NAME.
"""

COMMAND = command(
    "cite",
    "attnprof.cli._cite:cite",
    HELP,
    [click.Argument(["name"], nargs=-1, required=True, shell_complete=names_of(MODULES))],
)
