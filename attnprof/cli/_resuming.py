"""--resume, for the commands that begin runs: a run is finished as it was begun."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from attnprof.errors import UsageError

RESUME = click.Option(
    ["--resume"], is_flag=False, flag_value="", metavar="[RUN]", help="finish a run (the newest)"
)


def resumed(ctx: click.Context, given: dict[str, Any]) -> int:
    """Finish the run that --resume names, and return the exit code. Raises UsageError for what would make it another."""
    from attnprof.cli._execute import resume
    from attnprof.records.journal import newest_folder

    for each in ctx.command.params:
        name = str(each.name)
        if name in ("resume", "format", "quiet", "no_color"):
            continue
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            shown = each.make_metavar(ctx).strip("[]") if isinstance(each, click.Argument) else each.opts[-1]
            raise UsageError(f"{shown} cannot be changed by --resume, which finishes a run as it was begun")
    folder = Path(given["resume"]) if given["resume"] else newest_folder()
    return resume(folder, given["format"], given["quiet"], given["no_color"])
