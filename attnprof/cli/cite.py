"""Print the BibTeX of modules' papers"""

import click

from attnprof.catalogue import MODULES
from attnprof.cli._completing import names_of
from attnprof.cli._output import SHARED

HELP = """\
Print the BibTeX of the papers that modules come from.

\b
  attnprof cite se cbam >> references.bib
  attnprof cite family:channel

NAME is a module's name, family:NAME, year:YEAR or place:NAME.
"""


def _cite(name: tuple[str, ...], quiet: bool, no_color: bool) -> int:
    from attnprof.catalogue import entry
    from attnprof.catalogue.citation import bibtex
    from attnprof.catalogue.selection import select

    known = [entry(module) for module in dict.fromkeys(choice.module for choice in select(name))]
    # Two modules of one paper are one reference.
    papers = dict.fromkeys(each.paper for each in known if each.paper)
    if papers:
        click.echo("\n\n".join(bibtex(paper) for paper in papers))
    if not quiet:
        for each in known:
            if not each.paper:
                click.echo(f"{each.key} comes from no paper", err=True)
    return 0


COMMAND = click.Command(
    "cite",
    callback=_cite,
    help=HELP,
    params=[click.Argument(["name"], nargs=-1, required=True, shell_complete=names_of(MODULES)), *SHARED],
)
