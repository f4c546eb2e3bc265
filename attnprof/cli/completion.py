"""Print the completion script of a shell: bash, zsh or fish"""

import click
from click.shell_completion import get_completion_class

from attnprof.cli._completing import COMPLETE
from attnprof.cli._output import SHARED

SHELLS = ("bash", "zsh", "fish")
HELP = """\
Print what makes a shell complete attnprof's commands, options and modules.

\b
  attnprof completion bash >> ~/.bashrc
  attnprof completion zsh > "${fpath[1]}/_attnprof"
  attnprof completion fish > ~/.config/fish/completions/attnprof.fish
"""


def _completion(shell: str, quiet: bool, no_color: bool) -> int:
    from attnprof.errors import UsageError

    found = get_completion_class(shell) if shell in SHELLS else None
    if found is None:
        raise UsageError(f"no completion for {shell!r}. There are: {', '.join(SHELLS)}")
    context = click.get_current_context().find_root()
    click.echo(found(context.command, {}, "attnprof", COMPLETE).source().strip())
    return 0


COMMAND = click.Command(
    "completion",
    callback=_completion,
    help=HELP,
    params=[click.Argument(["shell"], metavar="|".join(SHELLS)), *SHARED],
)
