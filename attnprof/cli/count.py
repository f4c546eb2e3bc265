"""Count params and MACs of a grid exactly, without measuring"""

import click

from attnprof.cli._command import command
from attnprof.cli._spec_options import DRY_RUN, NETWORK, spec_options

HELP = """\
Count attention modules over channels x resolution: exactly, on meta tensors,
at any size.

\b
  attnprof count --channels 64,256,512 --res 56,28,14,7
  attnprof count -m nonlocal --points 256@224 --counters none

The same as 'attnprof run --no-latency'.
"""
MEASURING = ("no_latency", "time_budget", "precision", "threads", "device")

COMMAND = command(
    "count",
    "attnprof.cli._count:count",
    HELP,
    [
        click.Argument(["spec"], required=False, metavar="[SPEC]"),
        *spec_options(without=MEASURING + NETWORK),
        DRY_RUN,
    ],
)
