"""The commands: one per file, each exporting COMMAND; files that begin with '_' are what they share."""

from attnprof.registry import Registry

COMMANDS = Registry("attnprof.cli", "COMMAND", "command")
