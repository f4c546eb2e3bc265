"""Completion of names in a shell. Names come from the registries: no entry is imported."""

import os
from collections.abc import Callable

import click
from click.shell_completion import CompletionItem, shell_complete

from attnprof.registry import Registry

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

COMPLETE = "_ATTNPROF_COMPLETE"


def complete(command: click.Command) -> int:
    """Answer the shell that asks by the environment variable COMPLETE. Returns the exit code."""
    return shell_complete(command, {}, "attnprof", COMPLETE, os.environ[COMPLETE])


def names_of(registry: Registry) -> Completer:
    """Completes the last name of a list of them: 'se,!cb' to 'se,!cbam'."""

    def complete_name(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        name = last.removeprefix("!")
        prefix = before + comma + ("!" if last.startswith("!") else "")
        return [CompletionItem(prefix + entry) for entry in registry.names() if entry.startswith(name)]

    return complete_name
