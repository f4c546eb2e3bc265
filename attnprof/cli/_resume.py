"""--resume, for the commands that begin runs: a run is finished under the options it was begun with."""

from pathlib import Path

import click
from click.core import ParameterSource

from attnprof.cli._execute import resume
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.records.journal import newest_folder

CHANGEABLE = ("resume", "format", "on", "quiet", "no_color")  # options that may go with --resume


def resume_as_begun(run: str, format: str | None, on: str | None, terminal: Terminal) -> int:
    """Finish the run in the folder ``run``, or the newest one. on: where, if it was begun on lanes.

    Raises UsageError for an option that would change it.
    """
    context = click.get_current_context()
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in CHANGEABLE or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        if isinstance(parameter, click.Argument):
            word = parameter.make_metavar(context).strip("[]")
        else:
            word = parameter.opts[-1]
        raise UsageError(f"{word} cannot be changed by --resume, which finishes a run as it was begun")
    return resume(Path(run) if run else newest_folder(), format, on, terminal)
