"""Where a command's document goes: to stdout, or to a file whose name may say the format."""

from pathlib import Path

from attnprof.cli._results import write_file
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.formats import FORMATS, Document, Format, Look

TEXT = "text"  # where nothing else is said; a file of any name may hold it


def format_of(format: str | None, output: str | None) -> str:
    """The format that --format names, else the one that the ending of the file ``output`` stands for, else
    TEXT.

    Raises UnknownNameError for a format that does not exist, and UsageError where a file's name speaks for
    another one.
    """
    by_name = _by_name(output) if output else ""
    if format is None:
        return by_name or TEXT
    FORMATS.module_name(format)
    if by_name not in ("", TEXT, format):
        raise UsageError(
            f"-o {output} is a name for {by_name}, not for {format}: leave out --format {format}"
        )
    return format


def deliver(document: Document, format: str | None, output: str | None, terminal: Terminal) -> None:
    """Print ``document``, or write it to the file ``output``.

    Raises as ``format_of`` does, and EnvironmentProblem for a file that cannot be written.
    """
    chosen = format_of(format, output)
    if output is None:
        terminal.print(document, chosen)
        return
    entry: Format = FORMATS.get(chosen)
    written = entry.write(document, Look())
    write_file(Path(output), written.text + "\n")
    for note in written.notes:
        terminal.note(note)
    is_named = format is not None or _by_name(output)
    terminal.note(output if is_named else f"{output}: as text, for its name has no format's ending")


def _by_name(output: str) -> str:
    """The format whose files end as the name ``output`` does; empty where none does."""
    ending = Path(output).suffix.lower()
    names = (name for name in FORMATS.names() if ending and ending in FORMATS.get(name).endings)
    return next(names, "")
