"""Measure a grid of modules and sizes"""

import click

from attnprof.cli._command import command
from attnprof.cli._spec_options import DRY_RUN, NETWORK, RESUME, spec_options

HELP = """\
Measure attention modules over channels x resolution, write a run folder and
print a table.

\b
  attnprof run --channels 64,256 --res 56
  attnprof run -m se,eca,'cbam(reduction=8)' --preset resnet50

SPEC is a TOML file with the same keys. LIST is comma-separated. Defaults stand
in [].
"""

COMMAND = command(
    "run",
    "attnprof.cli._run:run",
    HELP,
    [
        click.Argument(["spec"], required=False, metavar="[SPEC]"),
        *spec_options(without=NETWORK),
        RESUME,
        DRY_RUN,
    ],
)
