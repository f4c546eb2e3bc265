"""``attnprof host``: modules measured inside a network."""

from typing import Any

import click

from attnprof.cli._execute import execute, list_cells
from attnprof.cli._resume import resume_as_begun
from attnprof.cli._spec import spec_of
from attnprof.cli._terminal import Terminal

# What a spec file here says of sizes is about modules: they are no network's input.
SIZES_OF_MODULES: dict[str, Any] = {"channels": (), "points": (), "preset": None, "counters": "none"}


def host(resume: str | None, stages: bool, dry_run: bool, terminal: Terminal, **fields: Any) -> int:
    """Measure the modules ``fields["modules"]`` in the networks ``fields["networks"]``."""
    if resume is not None:
        return resume_as_begun(resume, fields["format"], terminal)
    _require(fields, "networks", "modules")
    preset = dict(SIZES_OF_MODULES)
    if not fields["res"]:
        preset["res"] = ()
    if stages:
        preset["metrics"] = f"{fields['metrics'] or 'usual'},macs_by_stage"
    settings = spec_of(None, fields, **preset)
    return list_cells(settings, terminal) if dry_run else execute(settings, terminal)


def _require(fields: dict[str, Any], *names: str) -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        if parameter.name in names and fields[parameter.name] is None:
            raise click.MissingParameter(ctx=context, param=parameter)
