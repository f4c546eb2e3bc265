"""Where a command's document goes: to stdout, or to a file whose name may say the format."""

from dataclasses import dataclass
from pathlib import Path

from attnprof.cli._results import write_file
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.formats import FORMATS, Document, Format, Look
from attnprof.units import parse_units
from attnprof.views.publication import Publication, published

TEXT = "text"  # where nothing else is said; a file of any name may hold it


@dataclass(frozen=True)
class Outlet:
    """What is to become of a command's document: the values of its options.

    Raises UnknownNameError for a format that does not exist, and UsageError for a unit that does not, and
    where the file's name stands for another format.
    """

    format: str | None  # None: that which the file's name stands for
    output: str | None = None  # a file; None: stdout
    units: str = ""
    caption: str = ""
    label: str = ""
    no_notes: bool = False

    def __post_init__(self) -> None:
        if self.format is not None:
            FORMATS.module_name(self.format)
        if self.format is not None and self._by_name not in ("", TEXT, self.format):
            raise UsageError(
                f"-o {self.output} is a name for {self._by_name}, not for {self.format}:"
                f" leave out --format {self.format}"
            )
        _ = self.wish

    @property
    def _by_name(self) -> str:
        """The format whose files end as the file's name does; empty where none does."""
        ending = Path(self.output or "").suffix.lower()
        names = (name for name in FORMATS.names() if ending and ending in FORMATS.get(name).endings)
        return next(names, "")

    @property
    def wish(self) -> Publication:
        """What an author wants of the table."""
        try:
            units = parse_units(self.units)
        except ValueError as problem:
            raise UsageError(f"--units: {problem}") from None
        return Publication(units, self.caption, self.label, with_notes=not self.no_notes)

    def is_screen(self, terminal: Terminal) -> bool:
        """Whether somebody reads the document on a terminal."""
        is_text = (self.format or TEXT) == TEXT and self.output is None
        return is_text and terminal.look().width is not None

    def deliver(self, document: Document, terminal: Terminal) -> None:
        """Print ``document``, or write it to the file. Raises EnvironmentProblem where that fails."""
        format = self.format or self._by_name or TEXT
        table = published(document, self.wish)
        if self.output is None:
            terminal.print(table, format)
            return
        entry: Format = FORMATS.get(format)
        written = entry.write(table, Look())
        write_file(Path(self.output), written.text + "\n")
        terminal.note_hidden(written.notes)
        is_plain = self.format is None and not self._by_name
        terminal.note(
            f"{self.output}: as text, for its name has no format's ending" if is_plain else self.output
        )
