"""Spec as command-line options: made from its fields, so that option, field and TOML key cannot drift apart."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from attnprof.backends import BACKENDS
from attnprof.catalogue import MODULES
from attnprof.cli._completing import names_of
from attnprof.counters import COUNTERS
from attnprof.formats import FORMATS
from attnprof.metrics import METRICS
from attnprof.spec import Spec
from attnprof.spec.file import Source, from_file, merge

SHORT = {"modules": "-m", "output": "-o"}
NETWORK = (
    "networks",
    "at",
    "sweep_places",
)  # fields that only mean something inside a network: options of host
METAVARS = {
    "modules": "LIST", "set": "SWEEPS", "channels": "LIST", "res": "LIST", "points": "LIST", "batch": "N",
    "variants": "default|all", "preset": "NETWORK", "dtype": "TYPE", "device": "NAME", "metrics": "LIST",
    "counters": "LIST", "time_budget": "TIME", "timeout": "TIME", "precision": "SHARE", "memory_limit": "SIZE",
    "networks": "LIST", "at": "LIST", "shard": "I/N", "budget": "LIMITS", "threads": "N", "seed": "N",
    "quality": "LEVEL", "autocast": "TYPE", "name": "NAME", "output": "DIR", "format": "FORMAT",
}  # fmt: skip
NAMES = {"modules": MODULES, "metrics": METRICS, "counters": COUNTERS, "format": FORMATS, "device": BACKENDS}


def option_of(field: str) -> str:
    """The long option of a field: '--channels-last' of 'channels_last'."""
    return "--" + field.replace("_", "-")


def variable_of(field: str) -> str:
    """The environment variable of a field: 'ATTNPROF_CHANNELS_LAST' of 'channels_last'."""
    return f"ATTNPROF_{field.upper()}"


def spec_options(without: tuple[str, ...] = ()) -> list[click.Parameter]:
    """One option per field of Spec, in its order. Values arrive as texts: Spec alone judges them."""
    made: list[click.Parameter] = []
    for field, info in Spec.model_fields.items():
        if field in without:
            continue
        flags = [*filter(None, [SHORT.get(field)]), option_of(field)]
        shown = info.default
        says = str(info.description)
        if field == "format":
            says = " ".join([", ".join(FORMATS.names()), says])
        if isinstance(shown, bool):
            made.append(click.Option(flags, is_flag=True, default=None, help=says, envvar=variable_of(field)))
            continue
        ending = f" [{shown}]" if shown not in (None, (), {}, "") else ""
        made.append(
            click.Option(
                flags,
                type=str,
                default=None,
                help=says + ending,
                metavar=METAVARS[field],
                envvar=variable_of(field),
                shell_complete=names_of(NAMES[field]) if field in NAMES else None,
            )
        )
    return made


def spec_of(ctx: click.Context, given: dict[str, Any], **preset: Any) -> Spec:
    """The Spec of command line, environment and spec file, in this order of rank; ``preset`` ranks above all.

    Without a file: ./attnprof.toml, else [tool.attnprof] of ./pyproject.toml, where there is one. A run that has no
    name is called after its spec file, else after its command. Raises SpecError with every mistake and its place.
    """
    file = given["spec"]
    name = Path(file).stem if file else ctx.info_name
    asked: dict[str, Any] = {}
    places: dict[str, str] = {}
    for field in Spec.model_fields:
        if given.get(field) is not None:
            asked[field] = given[field]
            on_line = ctx.get_parameter_source(field) is ParameterSource.COMMANDLINE
            places[field] = _named(ctx, field) if on_line else variable_of(field)
    sources = [from_file(path)] if (path := spec_file(file)) else []
    return merge(
        [
            Source({"name": name}, {"name": f"the name of {file}"}),
            *sources,
            Source(asked, places),
            Source(preset, {}),
        ]
    )


def _named(ctx: click.Context, field: str) -> str:
    """The field as this command's line has it: its option, or the word that stands for an argument."""
    parameter = next(each for each in ctx.command.params if each.name == field)
    return parameter.make_metavar(ctx) if isinstance(parameter, click.Argument) else parameter.opts[-1]


def spec_file(named: str | None) -> Path | None:
    """The spec file that is meant: ``named``, else ./attnprof.toml or ./pyproject.toml where there is one."""
    if named:
        return Path(named)
    return next((path for path in map(Path, ("attnprof.toml", "pyproject.toml")) if path.is_file()), None)
