"""Print a shell's completion script: bash, zsh or fish"""

import click

from attnprof.cli._command import command

SHELLS = ("bash", "zsh", "fish")
HELP = """\
Print the script that makes a shell complete attnprof's commands, options and
modules.

\b
  attnprof completion bash >> ~/.bashrc
  attnprof completion zsh > "${fpath[1]}/_attnprof"
  attnprof completion fish > ~/.config/fish/completions/attnprof.fish
"""

COMMAND = command(
    "completion",
    "attnprof.cli._completion:completion",
    HELP,
    [click.Argument(["shell"], metavar="|".join(SHELLS))],
)
