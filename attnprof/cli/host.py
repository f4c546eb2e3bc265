"""Measure modules inside a network, next to the plain network"""

import click

from attnprof.cli._command import command
from attnprof.cli._spec_options import DRY_RUN, RARE, RESUME, spec_options

HELP = """\
Measure modules inside a network, next to the plain network. Writes the same
files as run.

\b
  attnprof host resnet50 --insert se,eca,cbam,ca --no-latency
  attnprof host my.py:make_net --insert cbam --at 'layer*.*.bn3' --res 160
  attnprof host my.py:grey_net --insert se --at stem --input 1x98x98

NETWORK is one of attnprof list --networks, a function of your own, or a list
of these. A module of your own that only gives a gate is applied as
my.py:Gate(gate=true).
"""
REPLACED = ("modules", "networks", "channels", "res", "points", "preset")

WHAT = [
    click.Argument(["networks"], required=False, metavar="NETWORK"),
    click.Option(
        ["--insert", "modules"],
        metavar="LIST",
        help="modules, as -m of run: se,'eca(kernel_size=3/5/5/7)'",
    ),
    click.Option(
        ["--res"], metavar="LIST", help="sizes of the input: 224 or 224x320 [the network's own, 224 of most]"
    ),
    click.Option(["--input"], metavar="CxHxW", help="the input: 1x98x98 or 4x224x320 [3 channels, --res]"),
    click.Option(["--stages"], is_flag=True, help="MACs of each stage of the network"),
]

COMMAND = command(
    "host",
    "attnprof.cli._host:host",
    HELP,
    spec_options(without=REPLACED, what=WHAT, output=[RESUME, DRY_RUN]),
    rare=RARE,
)
