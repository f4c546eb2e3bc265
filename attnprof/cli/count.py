"""Count params and MACs of a grid, exactly, without measuring: run --no-latency"""

from typing import Any

import click

from attnprof.cli._output import SHARED
from attnprof.cli._spec_options import NETWORK, spec_of, spec_options

HELP = """\
Count attention modules over channels x resolution: exact, on meta tensors, at any size.

\b
  attnprof count --channels 64,256,512 --res 56,28,14,7
  attnprof count -m nonlocal --points 256@224 --counters none

It is 'attnprof run --no-latency'; options that concern measuring are those of run.
"""
MEASURING = ("no_latency", "time_budget", "precision", "threads", "device")


def _count(ctx: click.Context, **given: Any) -> int:
    from attnprof.cli._execute import execute, rehearse

    spec = spec_of(ctx, given, no_latency=True)
    return rehearse(spec) if given["dry_run"] else execute(spec, given["quiet"], given["no_color"])


COMMAND = click.Command(
    "count",
    callback=click.pass_context(_count),
    help=HELP,
    params=[
        click.Argument(["spec"], required=False, metavar="[SPEC]"),
        *spec_options(without=MEASURING + NETWORK),
        click.Option(["--dry-run"], is_flag=True, help="list the cells, count nothing"),
        *SHARED,
    ],
)
