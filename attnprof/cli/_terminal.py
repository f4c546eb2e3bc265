"""Printing: the result to stdout, everything else to stderr, in what the terminal can show."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from attnprof.cli._streams import say, show
from attnprof.formats import FORMATS, Document, Format, Look
from attnprof.records.characters import ASCII

SIGNS = "".join(map(chr, ASCII))  # those that tables are written with


@dataclass(frozen=True)
class Terminal:
    """What the user sees of a command, by the options that all commands share."""

    quiet: bool = False  # only errors on stderr
    no_color: bool = False

    def look(self) -> Look:
        """How stdout can show a table: any width and no style where it is not a terminal."""
        is_plain = not _can_print(SIGNS)
        if not sys.stdout.isatty():
            return Look(plain=is_plain)
        colourless = self.no_color or os.environ.get("NO_COLOR", "") != "" or os.environ.get("TERM") == "dumb"
        return Look(shutil.get_terminal_size().columns, not colourless, is_plain)

    def show(self, text: str) -> None:
        """Print a result to stdout: lines without styles."""
        show(text)

    def print(self, document: Document, format: str) -> None:
        """Print ``document`` in a format; hidden columns are named on stderr. Raises UnknownNameError."""
        entry: Format = FORMATS.get(format)
        look = self.look()
        written = entry.write(document, look)
        show(written.text, styles=look.colour)
        self.note_hidden(written.notes)

    def note_hidden(self, notes: Sequence[str]) -> None:
        """What a format had no room for, and where all of it is."""
        for note in notes:
            self.note(f"{note}. All of them: --format csv")

    def note(self, text: str) -> None:
        """A line on stderr, unless --quiet."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """A line on stderr, --quiet or not."""
        say(text)


def _can_print(text: str) -> bool:
    """Whether the encoding of stdout has the characters of ``text``."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
