"""Measure a grid of modules and sizes"""

import click

from attnprof.cli._command import command
from attnprof.cli._spec_options import DRY_RUN, NETWORK, RARE, RESUME, spec_options

HELP = """\
Measure attention modules over channels x resolution: a run folder, a table.
SPEC is a TOML file with the same keys, LIST is separated by commas.

\b
  attnprof run --channels 64,256 --res 56
  attnprof run -m se,eca,'cbam(reduction=8)' --preset resnet50
"""

COMMAND = command(
    "run",
    "attnprof.cli._run:run",
    HELP,
    spec_options(
        without=NETWORK,
        what=[click.Argument(["spec"], required=False, metavar="[SPEC]")],
        output=[RESUME, DRY_RUN],
    ),
    rare=RARE,
)
