"""The results that a command shows: of a run folder, a CSV file or standard input; of some modules."""

import os
import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from attnprof.catalogue.selection import location_in, select, split
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.formats import FORMATS, Document, Format, Look
from attnprof.records.files import write
from attnprof.records.journal import EVENTS, newest_folder
from attnprof.results import Results, of_csv, of_folder


def results_of(run: str | None) -> Results:
    """The results of a folder, a CSV, '-' for a CSV on stdin, or None for the newest folder under reports/.

    Raises RunFolderError.
    """
    if run == "-":
        return of_csv(_bytes_of(sys.stdin))
    path = Path(run) if run else newest_folder()
    return of_csv(path) if is_file(path) else of_folder(path)


def is_file(path: Path) -> bool:
    """Whether there is such a file; no name is too strange to be asked for."""
    return os.path.isfile(path)


def _bytes_of(stream: TextIO) -> bytes:
    """What ``stream`` holds, before anything decodes it."""
    return stream.buffer.read() if isinstance(stream, TextIOWrapper) else stream.read().encode()


def of_modules(results: Results, modules: str) -> Results:
    """The rows of the modules that ``modules`` lists: 'se,family:channel,!nam'; all rows where it lists none.

    Raises UsageError where the run has none of them, UnknownNameError.
    """
    patterns = split(modules)
    if not patterns:
        return results
    of_rows = [row["module"] for row in results.rows()]
    selected = _modules(patterns, set(of_rows))
    if not selected & set(of_rows):
        names = ", ".join(sorted(set(of_rows)))
        raise UsageError(f"-m: {modules}: the run has none of them. It has: {names}")
    return results.only([number for number, module in enumerate(of_rows) if module in selected])


def _modules(patterns: Sequence[str], measured: AbstractSet[str]) -> set[str]:
    """The modules that ``patterns`` select.

    A name of the run comes first: it may be gone from the catalogue. A user's own module is looked for in the
    run alone: its file is not imported.
    """
    removed = {location_in(pattern) for pattern in patterns if pattern.startswith("!")}
    own = {*map(location_in, patterns), *(measured & set(patterns))} - {"", *removed}
    others = [pattern for pattern in patterns if pattern not in measured and not location_in(pattern)]
    if others:
        return own | {choice.module for choice in select(others)}
    return own or set(measured) - removed


def write_document(path: Path, document: Document, format: str) -> None:
    """Write ``document`` in a format, where nothing has to fit. Raises EnvironmentProblem."""
    entry: Format = FORMATS.get(format)
    write_file(path, entry.write(document, Look()).text + "\n")


def write_file(path: Path, content: str | bytes) -> None:
    """Put ``content`` at ``path``, whole or not at all. Raises EnvironmentProblem where that fails.

    A link in a run folder, which may be a stranger's, is replaced. Elsewhere a link, a pipe or a device is
    the user's own, and is written to.
    """
    try:
        if _is_written_through(path):
            path.write_bytes(
                content if isinstance(content, bytes) else content.encode(errors="backslashreplace")
            )
        else:
            write(path, content)
    except OSError as problem:
        raise EnvironmentProblem(
            f"cannot write {path}: {(problem.strerror or str(problem)).lower()}"
        ) from None


def _is_written_through(path: Path) -> bool:
    is_special = path.is_symlink() or (path.exists() and not path.is_file())
    return is_special and not (path.parent / EVENTS).exists()
