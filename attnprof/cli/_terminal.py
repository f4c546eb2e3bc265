"""Printing: the result to stdout, everything else to stderr, in what the terminal can show.

Whatever a command prints passes here: no text of a folder, a path or a mistake acts on the terminal, and a
character that the encoding lacks is replaced.
"""

import codecs
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper

from attnprof.errors import EnvironmentProblem
from attnprof.formats import FORMATS, Document, Format, Look
from attnprof.formats._terminal import ASCII, ascii_of
from attnprof.records.characters import printable, printable_lines

REPLACING = "attnprof.replacing"  # how a stream encodes what its encoding lacks
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
        for note in written.notes:
            self.note(f"{note}. All of them: --format csv")

    def note(self, text: str) -> None:
        """A line on stderr, unless --quiet."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """A line on stderr, --quiet or not."""
        say(text)


def show(text: str, styles: bool = False) -> None:
    """Print lines to stdout. styles: the text has sequences for colours, which are our own."""
    sys.stdout.write(f"{printable_lines(text, styles)}\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Print one line to stderr."""
    sys.stderr.write(f"{printable(text)}\n")
    sys.stderr.flush()


def prepare_streams() -> None:
    """Make the streams replace what their encoding lacks.

    Raises EnvironmentProblem where stdout or stderr is closed: the next file that is opened would take its
    number, and receive what was meant for the user.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 # open until the process ends
    if sys.stderr is None:
        sys.stderr = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 # the one place for the line
        raise EnvironmentProblem("standard error is closed; 2>/dev/null discards what is printed there")
    if sys.stdout is None:
        raise EnvironmentProblem("standard output is closed; >/dev/null discards what is printed there")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=REPLACING)


def discard_unwritten() -> None:
    """Empty the streams. Where one takes no more, discard the rest: Python would complain when it ends."""
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
                stream.flush()


def _can_print(text: str) -> bool:
    """Whether the encoding of stdout has the characters of ``text``."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _replacement(problem: UnicodeError) -> tuple[str, int]:
    """What stands for the characters that cannot be encoded, and where to go on."""
    assert isinstance(problem, UnicodeEncodeError)
    return ascii_of(problem.object[problem.start : problem.end]), problem.end


codecs.register_error(REPLACING, _replacement)
