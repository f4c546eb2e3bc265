"""The ``attnprof`` command: finds a command's file on demand, and turns every mistake into one line and an exit code."""

import ast
import os
import sys
from pathlib import Path
from typing import Any

import click

from attnprof.cli import COMMANDS
from attnprof.cli._completing import COMPLETE, complete
from attnprof.errors import AttnprofError, SpecError, nearest

INTERRUPTED = 130

EXAMPLES = """\
\b
  attnprof run --channels 64,256 --res 56       measure the whole catalogue
  attnprof show cbam                            one module: formula, limits, costs
"""


class Commands(click.Group):
    """The registry of commands as click sees it. Listing them reads their first lines and imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return COMMANDS.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command's own file, imported now; None where there is no such command."""
        found: click.Command | None = COMMANDS.get(cmd_name) if cmd_name in COMMANDS else None
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but answering a typing mistake with the nearest command."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            names = COMMANDS.names()
            hint = nearest(args[0], names) or f"There are: {', '.join(names)}"
            raise click.UsageError(f"no command {args[0]!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with the first line of its file."""
        rows = [(name, _first_line(Path(COMMANDS.source(name)))) for name in COMMANDS.names()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]


@click.group(
    cls=Commands,
    help=f"Profile attention modules over channels x resolution.\n\n{EXAMPLES}",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(package_name="attnprof", message="attnprof %(version)s")
def attnprof() -> None:
    """Group callback: the commands do the work."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit code is returned. With ATTNPROF_DEBUG=1 a mistake shows its traceback."""
    debug = os.environ.get("ATTNPROF_DEBUG", "") not in ("", "0")
    try:
        if COMPLETE in os.environ:
            return complete(attnprof)
        # Not attnprof.main(): it turns a closed pipe into exit code 1 before this could see it.
        words = sys.argv[1:] if arguments is None else arguments
        with attnprof.make_context("attnprof", list(words)) as context:
            code: Any = attnprof.invoke(context)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        # The reader has what it wanted (| head). Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as problem:
        if debug:
            raise
        click.echo(f"error: {_lower(problem.format_message())}", err=True)
        return 2
    except SpecError as problem:
        if debug:
            raise
        _report(str(problem).splitlines())
        return problem.exit_code
    except AttnprofError as problem:
        if debug:
            raise
        click.echo(f"error: {problem}", err=True)
        return problem.exit_code


def _report(lines: list[str]) -> None:
    if len(lines) == 1:
        click.echo(f"error: {lines[0]}", err=True)
        return
    for line in lines:
        click.echo(line, err=True)
    click.echo(f"{len(lines)} problems, nothing was measured.", err=True)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
