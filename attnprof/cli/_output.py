"""Where things are printed: the result to stdout, everything else to stderr, in what the terminal can show."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attnprof.formats import Format, Look

if TYPE_CHECKING:  # results bring pandas, and list and show print no results
    from attnprof.results import Results

SHARED = [
    click.Option(["-q", "--quiet"], is_flag=True, help="errors only on stderr"),
    click.Option(["--no-color"], is_flag=True, help="no colour (as NO_COLOR=1)"),
]


def look(columns: tuple[str, ...] = (), no_color: bool = False) -> Look:
    """How stdout can show a table: nothing has to fit, and no style is used, where it is not a terminal."""
    if not sys.stdout.isatty():
        return Look(columns)
    width = shutil.get_terminal_size().columns
    plain = no_color or os.environ.get("NO_COLOR", "") != "" or os.environ.get("TERM") == "dumb"
    return Look(columns, width=width, colour=not plain)


def show(results: "Results", name: str, how: Look, quiet: bool = False) -> None:
    """Print ``results`` in the format ``name``; what did not fit is said on stderr."""
    from attnprof.formats import FORMATS

    found: Format = FORMATS.get(name)
    text, notes = found.render(results, how)
    click.echo(text, color=how.colour or None)
    if not quiet:
        for note in notes:
            click.echo(f"{note}. All of them: --format csv", err=True)


def of_modules(results: "Results", names: str) -> "Results":
    """The rows of those modules that ``names`` names: 'se,family:channel,!nam'; all where it names none.

    Raises UsageError where the run has none of them, UnknownNameError.
    """
    from attnprof.catalogue.selection import select, split
    from attnprof.errors import UsageError

    rows, patterns = results.rows(), split(names)
    if not patterns:
        return results
    there = {row["module"] for row in rows}
    wanted = {name for name in patterns if name in there}  # a user's own module is found by its name alone
    rest = [pattern for pattern in patterns if pattern not in wanted]
    wanted |= {choice.module for choice in select(rest)} if rest else set()
    if not wanted & there:
        raise UsageError(f"-m: {names}: the run has none of them. It has: {', '.join(sorted(there))}")
    return results.only([n for n, row in enumerate(rows) if row["module"] in wanted])


def results_of(named: str | None) -> "Results":
    """The results of RUN: a folder, a CSV, '-' for a CSV on stdin, or None for the newest folder under reports/.

    Raises RunFolderError.
    """
    from attnprof.records.journal import newest_folder
    from attnprof.results import of_csv, of_folder

    if named == "-":
        import tempfile

        with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as copy:
            copy.write(sys.stdin.read())
            copy.flush()
            return of_csv(Path(copy.name))
    path = Path(named) if named else newest_folder()
    return of_csv(path) if path.is_file() else of_folder(path)
