"""The spec of a command line: its options, ATTNPROF_* variables, a spec file, and the user's own settings, in
this order of rank."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from attnprof.cli._spec_options import variable_of
from attnprof.cli._user_settings import user_settings
from attnprof.spec import Spec
from attnprof.spec.file import Source, from_file, merge
from attnprof.spec.settings import SETTINGS

FILES = (Path("attnprof.toml"), Path("pyproject.toml"))
NAME_IT = "name it on the command line"
# Another counter takes many times as long as ours, and computes the module for real where it reads values.
NO_COUNTERS = {"counters": "none"}


def spec_of(
    file: str | None, fields: dict[str, Any], usual: Mapping[str, Any] | None = None, **preset: Any
) -> Spec:
    """The Spec of the command at hand; ``preset`` ranks above all sources, ``usual`` below them.

    Without a file: ./attnprof.toml, else [tool.attnprof] of ./pyproject.toml, where there is one; below it,
    the user's own settings. A run without a name gets that of its spec file, else that of its command.
    Raises SpecError with all mistakes.
    """
    context = click.get_current_context()
    name = Path(file).stem if file else context.info_name
    path, own = spec_file(file), user_settings()
    return merge(
        [
            Source({"name": name, **(usual or {})}, {"name": f"the name of {file}"}),
            *([own] if own else []),
            *([from_file(path, "" if file else _how_to_ask(path, context))] if path else []),
            *_of_options(context, fields),
            Source(preset, {}),
        ]
    )


def _how_to_ask(path: Path, context: click.Context) -> str:
    """How the user names the spec file that was found here, or what stands in it."""
    takes_file = "spec" in [parameter.name for parameter in context.command.params]
    return f"attnprof {context.info_name} {path}" if takes_file else NAME_IT


def _of_options(context: click.Context, fields: Mapping[str, Any]) -> list[Source]:
    """What variables set, and what options do."""
    places = {field: _place(context, field) for field in SETTINGS if fields.get(field) is not None}
    variables = {field: fields[field] for field, place in places.items() if place == variable_of(field)}
    options = {field: fields[field] for field in places if field not in variables}
    return [Source(variables, places, how_to_ask=NAME_IT), Source(options, places)]


def _place(context: click.Context, field: str) -> str:
    """Where the value of a field stands, in the words of this command: its option, argument or variable."""
    if context.get_parameter_source(field) is not ParameterSource.COMMANDLINE:
        return variable_of(field)
    parameter = next(parameter for parameter in context.command.params if parameter.name == field)
    return parameter.make_metavar(context) if isinstance(parameter, click.Argument) else parameter.opts[-1]


def spec_file(file: str | None) -> Path | None:
    """The spec file: ``file``, else ./attnprof.toml or ./pyproject.toml where there is one."""
    if file:
        return Path(file)
    return next((path for path in FILES if path.is_file()), None)
