"""Show one module: paper, formula, arguments, limits, costs, deviations, published figures"""

from typing import TYPE_CHECKING

import click

from attnprof.catalogue import MODULES
from attnprof.cli._completing import names_of
from attnprof.cli._output import SHARED
from attnprof.snippets import SNIPPETS

if TYPE_CHECKING:
    from attnprof.grid import Point

HELP = """\
Show what a module computes, what it takes, and what it costs.

\b
  attnprof show cbam
  attnprof show nonlocal --at 256@28x40
  attnprof show ca --network mobilenetv2
  attnprof show 'cbam(reduction=8)' --as pytorch > cbam.py
"""


def _show(
    name: str,
    at: str,
    framework: str | None,
    network: str,
    dataset: str,
    sources: bool,
    quiet: bool,
    no_color: bool,
) -> int:
    from attnprof.catalogue import entry
    from attnprof.cli._output import look
    from attnprof.errors import UsageError
    from attnprof.grid import parse_point
    from attnprof.views.catalogue import page
    from attnprof.views.evidence import published

    try:
        point = parse_point(at)
    except ValueError as problem:
        raise UsageError(f"--at: {problem}") from None
    if framework:
        click.echo(_snippet(name, framework, point))
        return 0
    width = min(look().width or 100, 100)
    figures = published(name, network, dataset, width, sources)
    click.echo("\n\n".join(filter(None, [page(entry(name), point, width), figures])))
    return 0


def _snippet(name: str, framework: str, point: "Point") -> str:
    from attnprof.catalogue import entry
    from attnprof.catalogue.selection import matching
    from attnprof.errors import UsageError
    from attnprof.snippets import Snippet, Wanted
    from attnprof.snippets._source import standalone

    snippet: Snippet = SNIPPETS.get(framework)
    choices = matching(name)
    if len(choices) != 1:
        raise UsageError(f"{name}: --as takes one module")
    known, settings = entry(choices[0].module), dict(choices[0].settings)
    refusal = known.refusal(*point, settings)
    if refusal:
        raise UsageError(f"{name} at {point[0]}@{point[1]}x{point[2]}: {refusal}. Another size: --at C@HxW")
    return snippet.write(Wanted(known, settings, standalone(known), point))


COMMAND = click.Command(
    "show",
    callback=_show,
    help=HELP,
    params=[
        click.Argument(["name"], shell_complete=names_of(MODULES)),
        click.Option(
            ["--as", "framework"],
            metavar="FRAMEWORK",
            help=f"code to paste, for {', '.join(SNIPPETS.names())}",
        ),
        click.Option(
            ["--at"], default="64@56", metavar="C@HxW", help="size at which the variants are counted [64@56]"
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
        *SHARED,
    ],
)
