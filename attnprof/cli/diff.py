"""Hold a run against published tables: which way of counting makes their digits"""

from typing import Any

import click

from attnprof.cli._output import SHARED

HELP = """\
Hold a run against published tables: reproduced, explained by a way of counting, or not.

\b
  attnprof diff reports/20261121-published-meta published:resnet50
  attnprof diff reports/20261121-published-meta published:all --format csv

RUN is the run folder or results.csv of networks counted with --metrics params,leaf_params,macs,operators, as
specs/published.toml has them. NAME is a network, a module, words of a source, or all.
"""
FORMS = ("text", "md", "csv", "json")
PUBLISHED = "published:"


def _diff(run: str, other: str, format: str, quiet: bool, no_color: bool) -> int:
    from attnprof.cli import _published_diff
    from attnprof.cli._output import look, results_of
    from attnprof.comparison.published import compare, named
    from attnprof.errors import UsageError
    from attnprof.reference import figures

    if not other.startswith(PUBLISHED):
        raise UsageError(f"{other!r} is no published table; write published:resnet50, published:se or published:all")
    wanted = named(figures(), other.removeprefix(PUBLISHED))
    tables = compare(results_of(run).rows(), wanted)
    if not tables:
        raise UsageError(f"{other}: nothing of it is counted of our networks, at the input sizes of this run")
    how = look(no_color=no_color)
    if format == "text":
        click.echo(_published_diff.as_text(tables, how), color=how.colour or None)
        return 0
    write: Any = getattr(_published_diff, f"as_{format}")
    click.echo(write(tables))
    return 0


COMMAND = click.Command(
    "diff",
    callback=_diff,
    help=HELP,
    params=[
        click.Argument(["run"], metavar="RUN"),
        click.Argument(["other"], metavar="published:NAME"),
        click.Option(["--format"], type=click.Choice(FORMS), default="text", help="of what is printed [text]"),
        *SHARED,
    ],
)
