"""Measure modules inside a network, ours or yours, next to the plain network; same files as run"""

from typing import Any

import click

from attnprof.cli._output import SHARED
from attnprof.cli._resuming import RESUME, resumed
from attnprof.cli._spec_options import spec_of, spec_options

HELP = """\
Measure modules where they will live: inside a network, next to the plain one.

\b
  attnprof host resnet50 --insert se,eca,cbam,ca --no-latency
  attnprof host my.py:make_net --insert cbam --at 'layer*.*.bn3' --res 160

NETWORK: resnet18, 34, 50, 101, 152 (and 50_v1 ...), mobilenetv2, mobilenext, or a function of yours; a list takes several.
"""
ELSEWHERE = ("modules", "networks", "channels", "res", "points", "preset", "counters")


def _host(ctx: click.Context, **given: Any) -> int:
    from attnprof.cli._execute import execute, rehearse

    if given["resume"] is not None:
        return resumed(ctx, given)
    for needed in (each for each in ctx.command.params if each.name in ("networks", "modules")):
        if given[str(needed.name)] is None:
            raise click.MissingParameter(ctx=ctx, param=needed)
    # A spec file here is about modules alone: its sizes are no network's input.
    alone: dict[str, Any] = {"channels": (), "points": (), "preset": None, "counters": "none"}
    alone |= {} if given["res"] else {"res": ()}
    if given.pop("stages"):
        alone["metrics"] = f"{given['metrics'] or 'usual'},macs_by_stage"
    spec = spec_of(ctx, {**given, "spec": None}, **alone)
    return rehearse(spec) if given["dry_run"] else execute(spec, given["quiet"], given["no_color"])


COMMAND = click.Command(
    "host",
    callback=click.pass_context(_host),
    help=HELP,
    params=[
        click.Argument(["networks"], required=False, metavar="NETWORK"),
        click.Option(["--insert", "modules"], metavar="LIST", help="modules, as -m of run: se,'eca(kernel_size=3/5/5/7)'"),
        click.Option(["--res"], metavar="LIST", help="sizes of the network's input: 224 or 224x320 [224]"),
        *spec_options(without=ELSEWHERE),
        click.Option(["--stages"], is_flag=True, help="where in the network the MACs are"),
        RESUME,
        click.Option(["--dry-run"], is_flag=True, help="list the cells, measure nothing"),
        *SHARED,
    ],
)  # fmt: skip
