"""Count params and MACs of a grid exactly, without measuring"""

import click

from attnprof.cli._command import command
from attnprof.cli._input_options import INPUT, REAL
from attnprof.cli._spec_options import DRY_RUN, NETWORK, spec_options

HELP = """\
Count attention modules over channels x resolution: exactly, on meta tensors,
at any size.

\b
  attnprof count --channels 64,256,512 --res 56,28,14,7
  attnprof count -m nonlocal --points 256@224 --counters fvcore,thop
  attnprof count -m my.py:Net --input 1x3x224x224

The same as 'attnprof run --no-latency --counters none'; other counters are asked
where --counters names them.
"""
MEASURING = (
    "no_latency", "time_budget", "precision", "quality", "baseline", "threads", "device", "hot", "compile",
    "channels_last", "memory_limit", "allow_busy", "seed", "budget", "tf32", "cudnn_benchmark",
    "compile_mode", "runtime",
)  # fmt: skip

COMMAND = command(
    "count",
    "attnprof.cli._count:count",
    HELP,
    spec_options(
        without=MEASURING + NETWORK,
        what=[click.Argument(["spec"], required=False, metavar="[SPEC]"), INPUT, REAL],
        output=[DRY_RUN],
    ),
)
