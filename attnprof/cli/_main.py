"""The ``attnprof`` command: imports a command's file on demand; a mistake is one line and an exit code."""

import ast
import gc
import importlib
import os
import sys
from pathlib import Path

import click

from attnprof.cli import COMMANDS
from attnprof.cli._completing import COMPLETE, complete
from attnprof.cli._problems import report
from attnprof.cli._streams import discard_unwritten, lost_records_told, prepare_streams, say
from attnprof.errors import ENVIRONMENT, INTERRUPTED, nearest

# When the garbage collector looks: what a command imports and allocates mostly stays until it ends.
RARELY = (50_000, 20, 50)
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
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = COMMANDS.get(cmd_name)
        return command

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
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    invoke_without_command=True,
)
@click.option("--version", is_flag=True, help="Show the version and exit.")
@click.option("--json", "as_json", is_flag=True, help="With --version: what a bug report needs, as JSON.")
@click.pass_context
def attnprof(ctx: click.Context, version: bool, as_json: bool) -> None:
    """Group callback: the commands do the work."""
    if as_json and not version:
        raise click.UsageError("--json goes with --version here; a command's format is its own --format json")
    if not version:
        return
    importlib.import_module("attnprof.cli._version").show_version(as_json)
    ctx.exit()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code. ATTNPROF_DEBUG=1 shows a mistake's traceback."""
    try:
        code = _outcome(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        code = 0  # the reader has what it wanted (| head)
    except OSError:
        code = ENVIRONMENT  # stderr takes no more: nobody can be told
    discard_unwritten()
    return code


def _outcome(arguments: list[str]) -> int:
    """The exit code of the command, whatever it ends with; what went wrong is on stderr."""
    try:
        prepare_streams()
        return _run(arguments)
    except BrokenPipeError:
        raise
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return INTERRUPTED
    except Exception as problem:  # noqa: BLE001 # a mistake of ours is told like any other
        return report(problem)


def _run(arguments: list[str]) -> int:
    gc.set_threshold(*RARELY)
    # numpy would set memory aside for a thread per core: this process computes nothing.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if COMPLETE in os.environ:
        return complete(attnprof)
    arguments = arguments or ["--help"]
    # Not attnprof.main(): it turns a closed pipe into exit code 1 before main() could see it.
    with lost_records_told(), attnprof.make_context("attnprof", arguments) as context:
        code: object = attnprof.invoke(context)
    sys.stdout.flush()
    return code if isinstance(code, int) else 0
