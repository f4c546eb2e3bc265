"""Completion of names in a shell. Names come from the registries: no entry is imported."""

import os
from collections.abc import Callable

import click
from click.shell_completion import (
    CompletionItem,
    FishComplete,
    add_completion_class,
    get_completion_class,
    shell_complete,
)

from attnprof.errors import UsageError
from attnprof.registry import Registry

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

COMPLETE = "_ATTNPROF_COMPLETE"


@add_completion_class
class _Fish(FishComplete):
    """click's script for fish ends a word at its first comma; our lists have more."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


def complete(command: click.Command) -> int:
    """Answer the shell that asks by the environment variable COMPLETE. Returns the exit code.

    Raises UsageError where no shell of ours asks.
    """
    shell, _, instruction = os.environ[COMPLETE].partition("_")
    if get_completion_class(shell) is None or instruction not in ("source", "complete"):
        raise UsageError(f"{COMPLETE}: {os.environ[COMPLETE]!r} is no question of a shell; unset it")
    if instruction == "complete" and not ("COMP_WORDS" in os.environ and _is_position()):
        raise UsageError("completion needs COMP_WORDS and a number in COMP_CWORD, as a shell sets them")
    return shell_complete(command, {}, "attnprof", COMPLETE, os.environ[COMPLETE])


def _is_position() -> bool:
    """Whether COMP_CWORD says which word is completed: a number; in fish the word itself."""
    word = os.environ.get("COMP_CWORD")
    return word is not None and (os.environ[COMPLETE].startswith("fish") or word.isdecimal())


def names_of(registry: Registry) -> Completer:
    """Completes the last name of a list of them: 'se,!cb' to 'se,!cbam'."""

    def complete_name(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        name = last.removeprefix("!")
        prefix = before + comma + ("!" if last.startswith("!") else "")
        return [CompletionItem(prefix + entry) for entry in registry.names() if entry.startswith(name)]

    return complete_name
