"""``attnprof host``: modules measured inside a network."""

from collections.abc import Mapping
from typing import Any

import click

from attnprof.catalogue.inputs import TensorInput, parse_inputs
from attnprof.cli._execute import execute, list_cells
from attnprof.cli._resume import resume_as_begun
from attnprof.cli._spec import NO_COUNTERS, spec_of
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError

# What a spec file here says of sizes is about modules: they are no network's input.
SIZES_OF_MODULES: dict[str, Any] = {"channels": (), "points": (), "preset": None}


def host(
    resume: str | None, stages: bool, dry_run: bool, input: str | None, terminal: Terminal, **fields: Any
) -> int:
    """Measure the modules ``fields["modules"]`` in the networks ``fields["networks"]``."""
    if resume is not None:
        return resume_as_begun(resume, fields["format"], fields["on"], terminal)
    _require(fields, "networks", "modules")
    preset = dict(SIZES_OF_MODULES)
    if input is not None:
        preset |= _of_input(input, fields)
    elif not fields["res"]:
        preset["res"] = ()
    if stages:
        preset["metrics"] = f"{fields['metrics'] or 'usual'},macs_by_stage"
    settings = spec_of(None, fields, NO_COUNTERS, **preset)
    return list_cells(settings, terminal) if dry_run else execute(settings, terminal)


def _of_input(text: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the network's input ``text`` sets of a Spec: '1x98x98', or with a batch '8x1x98x98'.

    Raises UsageError for anything else, and for a size or a batch that another option has, too.
    """
    shape = _map_shape(text)
    options = {"res": "--res", "batch": "--batch"} if len(shape) == 4 else {"res": "--res"}
    for field, option in options.items():
        if fields[field] is not None:
            raise UsageError(f"--input {text} and {option}: the input says both; leave one of them out")
    *batch, channels, height, width = shape
    size = {"res": (), "points": (f"{channels}@{height}x{width}",)}
    return {**size, "batch": batch} if batch else size


def _map_shape(text: str) -> tuple[int, ...]:
    """(C, H, W) or (N, C, H, W). Raises UsageError."""
    inputs = parse_inputs(text)
    values = [*inputs.positional, *inputs.named.values()]
    if len(values) > 1:
        raise UsageError(
            f"--input {text}: a network that modules go into is called with one map;"
            " name a class of yours whose forward(x) has the other inputs"
        )
    [value] = values
    if not isinstance(value, TensorInput) or value.dtype or len(value.shape) not in (3, 4):
        raise UsageError(
            f"--input {text}: write CxHxW, as in 1x98x98, or NxCxHxW; the numbers are of --dtype"
        )
    return value.shape


def _require(fields: dict[str, Any], *names: str) -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        if parameter.name in names and fields[parameter.name] is None:
            raise click.MissingParameter(ctx=context, param=parameter)
