"""Show one module: paper, formula, arguments, limits, variants and their costs, deviations"""

import click

from attnprof.cli._output import SHARED

HELP = """\
Show what a module computes, what it takes, and what it costs.

\b
  attnprof show cbam
  attnprof show nonlocal --at 256@28x40
"""


def _show(name: str, at: str, quiet: bool, no_color: bool) -> int:
    from attnprof.catalogue import entry
    from attnprof.cli._catalogue_text import page
    from attnprof.errors import UsageError
    from attnprof.points import parse_point

    try:
        point = parse_point(at)
    except ValueError as problem:
        raise UsageError(f"--at: {problem}") from None
    click.echo(page(entry(name), point))
    return 0


COMMAND = click.Command(
    "show",
    callback=_show,
    help=HELP,
    params=[
        click.Argument(["name"]),
        click.Option(["--at"], default="64@56", metavar="C@HxW", help="size at which the variants are counted [64@56]"),
        *SHARED,
    ],
)
