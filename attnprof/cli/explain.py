"""Explain a count, operator by operator, or a call's kernels"""

import click

from attnprof.cli._command import command, format_option
from attnprof.cli._input_options import INPUT, REAL
from attnprof.cli._spec_options import GROUPS, RARE, setting_option

HELP = """\
Explain what one module costs at one size: a tree of its operators, and why
other tools count differently. Or, measured: the kernels that a call launches,
or the nodes of the graph that a runtime runs.

\b
  attnprof explain nonlocal@64@56
  attnprof explain 'cbam(reduction=8)@256@28x40' --formula
  attnprof explain my.py:Gate@64@56 --format json
  attnprof explain cbam@64@56 --kernels --device cuda
  attnprof explain cbam@64@56 --runtime onnxruntime
  attnprof explain my.py:Net --input 1x3x224x224
  attnprof explain my.py:Encoder --input 'ids=int64[30522]:1x128'

TARGET is NAME@C@HxW: a module as -m takes it, its channels, and the map's
height and width. With --input it is a module of your own by itself, built
without channels and called with these inputs; docs/counting.md has the grammar.
"""
COUNTED = ("train", "dtype")  # of the settings, those that change counts
# Of a call that is measured by torch; a limit of memory is for what is measured unseen.
CONDITIONS = tuple(field for field in GROUPS["Where"] if field not in (*COUNTED, "memory_limit"))

COMMAND = command(
    "explain",
    "attnprof.cli._explain:explain",
    HELP,
    {
        "What": [
            click.Argument(["target"]),
            click.Option(["--batch"], default="1", metavar="N", help="images per call [1]"),
            click.Option(["--train"], is_flag=True, help="forward + backward"),
            setting_option("dtype", with_variable=False),
            INPUT,
        ],
        "Counts": [
            click.Option(
                ["--formula"], is_flag=True, help="params, MACs, FLOPs as polynomials in C, H and W"
            ),
            click.Option(["--verify"], is_flag=True, help="check every shape against torch's own kernels"),
            REAL,
        ],
        "Kernels": [
            click.Option(["--kernels"], is_flag=True, help="kernels of a call: runs, time and share"),
            *(setting_option(field, with_variable=False) for field in CONDITIONS),
        ],
        "Output": [format_option()],
    },
    rare=[field for field in RARE if field in CONDITIONS],
)
