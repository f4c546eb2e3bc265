"""Printing: the result to stdout, everything else to stderr, in what the terminal can show."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from attnprof.formats import Look


@dataclass(frozen=True)
class Terminal:
    """What the user sees of a command, by the options that all commands share."""

    quiet: bool = False  # only errors on stderr
    no_color: bool = False

    def look(self, columns: Sequence[str] = (), pivot: str = "") -> Look:
        """How stdout can show a table: any width and no style where it is not a terminal."""
        if not sys.stdout.isatty():
            return Look(columns, pivot=pivot)
        plain = self.no_color or os.environ.get("NO_COLOR", "") != "" or os.environ.get("TERM") == "dumb"
        return Look(columns, shutil.get_terminal_size().columns, colour=not plain, pivot=pivot)

    def show(self, text: str, notes: Sequence[str] = (), everything: str = "--format csv") -> None:
        """Print a result to stdout, and to stderr what did not fit; the option ``everything`` shows it."""
        click.echo(text, color=self.look().colour or None)
        for note in notes:
            self.note(f"{note}. All of them: {everything}")

    def note(self, text: str) -> None:
        """A line on stderr, unless --quiet."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """A line on stderr, --quiet or not."""
        click.echo(text, err=True)
        sys.stderr.flush()
