"""How a command's file declares it. Its implementation is imported when it runs: --help needs none of it."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from attnprof.cli._completing import names_of
from attnprof.cli._terminal import Terminal
from attnprof.formats import FORMATS

SHARED: Sequence[click.Parameter] = (
    click.Option(["-q", "--quiet"], is_flag=True, help="print only errors to stderr"),
    click.Option(["--no-color"], is_flag=True, help="no colour (as NO_COLOR=1)"),
)


def command(
    name: str, implementation: str, help: str, params: Sequence[click.Parameter] = ()
) -> click.Command:
    """A command with ``params`` and the options that all commands share.

    implementation: 'module:function'. The function takes each parameter by its name, and ``terminal`` for the
    shared options; it returns the exit code.
    """

    def callback(quiet: bool, no_color: bool, **options: Any) -> Any:
        module, _, function = implementation.partition(":")
        return getattr(import_module(module), function)(**options, terminal=Terminal(quiet, no_color))

    return click.Command(name, callback=callback, help=help, params=[*params, *SHARED])


def run_argument() -> click.Argument:
    """RUN: the run whose results a command shows."""
    return click.Argument(["run"], required=False, metavar="[RUN]")


def format_option() -> click.Option:
    """--format: any registered format, plug-ins included."""
    return click.Option(
        ["--format"],
        default="text",
        metavar="FORMAT",
        help=f"{', '.join(FORMATS.names())} [text]",
        shell_complete=names_of(FORMATS),
    )
