"""``attnprof completion``: the script that a shell sources."""

import click
from click.shell_completion import get_completion_class

from attnprof.cli._completing import COMPLETE
from attnprof.cli._terminal import Terminal
from attnprof.cli.completion import SHELLS
from attnprof.errors import UsageError


def completion(shell: str, terminal: Terminal) -> int:
    """Print the completion script of ``shell``."""
    kind = get_completion_class(shell) if shell in SHELLS else None
    if kind is None:
        raise UsageError(f"no completion for {shell!r}. There are: {', '.join(SHELLS)}")
    root = click.get_current_context().find_root().command
    terminal.show(kind(root, {}, "attnprof", COMPLETE).source().strip())
    return 0
