"""Measure a grid of modules and sizes; writes a run folder, prints a table"""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from attnprof.cli._output import SHARED
from attnprof.cli._spec_options import NETWORK, option_of, spec_of, spec_options
from attnprof.errors import UsageError

HELP = """\
Measure attention modules over channels x resolution.

\b
  attnprof run --channels 64,256 --res 56
  attnprof run -m se,eca,'cbam(reduction=8)' --preset resnet50 --time-budget 2min

SPEC is a TOML file with the same keys. LIST is comma-separated; what is in [] is the default.
"""


def _run(ctx: click.Context, **given: Any) -> int:
    from attnprof.cli._execute import execute, rehearse, resume
    from attnprof.journal import newest_folder

    quiet, no_color = given["quiet"], given["no_color"]
    if given["resume"] is not None:
        _only_looks(ctx, given)
        folder = Path(given["resume"]) if given["resume"] else newest_folder()
        return resume(folder, given["format"], quiet, no_color)
    spec = spec_of(ctx, given)
    return rehearse(spec) if given["dry_run"] else execute(spec, quiet, no_color)


def _only_looks(ctx: click.Context, given: dict[str, Any]) -> None:
    """A run is finished as it was begun. Raises UsageError for an option that would make it another."""
    for name in given.keys() - {"resume", "format", "quiet", "no_color"}:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = "SPEC" if name == "spec" else option_of(name)
            raise UsageError(f"{option} cannot be changed by --resume, which finishes a run as it was begun")


COMMAND = click.Command(
    "run",
    callback=click.pass_context(_run),
    help=HELP,
    params=[
        click.Argument(["spec"], required=False, metavar="[SPEC]"),
        *spec_options(without=NETWORK),
        click.Option(["--resume"], is_flag=False, flag_value="", metavar="[RUN]", help="finish a run (the newest)"),
        click.Option(["--dry-run"], is_flag=True, help="list the cells, measure nothing"),
        *SHARED,
    ],
)
