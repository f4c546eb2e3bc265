"""Show one module: paper, formula, arguments, limits, costs, deviations, published figures"""

import click

from attnprof.cli._output import SHARED

HELP = """\
Show what a module computes, what it takes, and what it costs.

\b
  attnprof show cbam
  attnprof show nonlocal --at 256@28x40
  attnprof show ca --network mobilenetv2
"""


def _show(name: str, at: str, network: str, dataset: str, sources: bool, quiet: bool, no_color: bool) -> int:
    from attnprof.catalogue import entry
    from attnprof.cli._catalogue_text import page
    from attnprof.cli._output import look
    from attnprof.cli._published_text import published
    from attnprof.errors import UsageError
    from attnprof.points import parse_point

    try:
        point = parse_point(at)
    except ValueError as problem:
        raise UsageError(f"--at: {problem}") from None
    figures = published(name, network, dataset, min(look().width or 100, 100), sources)
    click.echo("\n\n".join(filter(None, [page(entry(name), point), figures])))
    return 0


COMMAND = click.Command(
    "show",
    callback=_show,
    help=HELP,
    params=[
        click.Argument(["name"]),
        click.Option(["--at"], default="64@56", metavar="C@HxW", help="size at which the variants are counted [64@56]"),
        click.Option(["--network"], default="resnet50", metavar="NAME", help="of published figures [resnet50]"),
        click.Option(["--dataset"], default="imagenet-1k", metavar="NAME", help="of published figures [imagenet-1k]"),
        click.Option(["--sources"], is_flag=True, help="published figures with params, FLOPs, conventions, recipes"),
        *SHARED,
    ],
)
