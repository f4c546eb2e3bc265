"""Submit a spec to Slurm: a job array over its sizes, and their merge"""

import click

from attnprof.cli._command import command
from attnprof.cli._spec_options import NETWORK, RARE, spec_options

HELP = """\
Measure a spec as a Slurm job array: each task has one GPU and whole sizes, and
a last job merges their folders. Interrupted tasks are requeued and resumed.

\b
  attnprof submit -m all --preset resnet50 -o reports/mine --dry-run
  attnprof submit spec.toml -o reports/mine --tasks 4 --time 1:00:00
  attnprof submit spec.toml -o reports/mine --sbatch=--constraint=h100

The folder has to be new, on a file system that all nodes share.
"""
REPLACED = (*NETWORK, "shard", "on", "mixed", "output", "format")
OWN = [
    click.Option(["-o", "--output"], required=True, metavar="DIR", help="a new folder, of all tasks"),
    click.Option(["--tasks"], metavar="N", help="of the array [one for each size, at most 100]"),
    click.Option(["--partition"], metavar="NAME", help="as of sbatch"),
    click.Option(["--account"], metavar="NAME", help="as of sbatch"),
    click.Option(["--time"], metavar="TIME", help="of a task, as of sbatch: 1:00:00"),
    click.Option(
        ["--sbatch", "further"],
        multiple=True,
        metavar="OPTION",
        help="a further option of sbatch; repeatable",
    ),
    click.Option(["--dry-run"], is_flag=True, help="print the file, submit nothing"),
]

COMMAND = command(
    "submit",
    "attnprof.cli._submit:submit",
    HELP,
    spec_options(
        without=REPLACED, what=[click.Argument(["spec"], required=False, metavar="[SPEC]")], output=OWN
    ),
    rare=RARE,
)
