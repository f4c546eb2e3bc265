"""List the catalogue: name, family, place, year, variants, sizes taken"""

from typing import TYPE_CHECKING

import click

from attnprof.cli._output import SHARED

if TYPE_CHECKING:
    from attnprof.catalogue.selection import ConfiguredModule

HELP = """\
List the attention modules of the catalogue.

\b
  attnprof list
  attnprof list 'family:channel,!se'
  attnprof list se,eca,cbam --formula

PATTERN is a list of names, family:NAME, place:NAME or year:YEAR; !NAME takes away.
"""


def _list(
    pattern: str, formula: bool, at: str | None, format: str | None, quiet: bool, no_color: bool
) -> int:
    from attnprof.catalogue import entry
    from attnprof.catalogue.selection import select, split
    from attnprof.errors import UsageError
    from attnprof.views.catalogue import listing

    choices = select(split(pattern))
    if formula:
        return _formulas(choices, at or "256@56", format, quiet, no_color)
    if at or format:
        raise UsageError(f"--{'at' if at else 'format'} goes with --formula")
    names = dict.fromkeys(choice.module for choice in choices)
    click.echo(listing([entry(name) for name in names]))
    return 0


def _formulas(
    choices: "list[ConfiguredModule]", at: str, format: str | None, quiet: bool, no_color: bool
) -> int:
    from attnprof.cli._output import look
    from attnprof.cli._progress import starting
    from attnprof.errors import UsageError
    from attnprof.grid import parse_point
    from attnprof.views.closed_forms import as_markdown, as_text, rows

    try:
        point = parse_point(at)
    except ValueError as problem:
        raise UsageError(f"--at: {problem}") from None
    with starting(quiet, no_color):
        found = rows(choices, point)
    click.echo(as_markdown(found) if format == "md" else as_text(found, look().width))
    return 0


COMMAND = click.Command(
    "list",
    callback=_list,
    help=HELP,
    params=[
        click.Argument(["pattern"], default="all", metavar="[PATTERN]"),
        click.Option(["--formula"], is_flag=True, help="params, MACs and FLOPs as polynomials in C, H and W"),
        click.Option(["--at"], metavar="C@HxW", help="the size around which they hold [256@56]"),
        click.Option(["--format"], type=click.Choice(["text", "md"]), help="of the formulas [text]"),
        *SHARED,
    ],
)
