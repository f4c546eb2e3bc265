"""Measure a grid of modules and sizes; writes a run folder, prints a table"""

from typing import Any

import click

from attnprof.cli._output import SHARED
from attnprof.cli._resuming import RESUME, resumed
from attnprof.cli._spec_options import NETWORK, spec_of, spec_options

HELP = """\
Measure attention modules over channels x resolution.

\b
  attnprof run --channels 64,256 --res 56
  attnprof run -m se,eca,'cbam(reduction=8)' --preset resnet50 --time-budget 2min

SPEC is a TOML file with the same keys. LIST is comma-separated; what is in [] is the default.
"""


def _run(ctx: click.Context, **given: Any) -> int:
    from attnprof.cli._execute import execute, rehearse

    if given["resume"] is not None:
        return resumed(ctx, given)
    spec = spec_of(ctx, given)
    return rehearse(spec) if given["dry_run"] else execute(spec, given["quiet"], given["no_color"])


COMMAND = click.Command(
    "run",
    callback=click.pass_context(_run),
    help=HELP,
    params=[
        click.Argument(["spec"], required=False, metavar="[SPEC]"),
        *spec_options(without=NETWORK),
        RESUME,
        click.Option(["--dry-run"], is_flag=True, help="list the cells, measure nothing"),
        *SHARED,
    ],
)
