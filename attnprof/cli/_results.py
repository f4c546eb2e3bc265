"""The results that a command shows: of a run folder, a CSV file or standard input; of some modules."""

import sys
import tempfile
from pathlib import Path

from attnprof.catalogue.selection import select, split
from attnprof.cli._terminal import Terminal
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.formats import FORMATS, Format, Look
from attnprof.records.journal import newest_folder
from attnprof.results import Results, of_csv, of_folder


def results_of(run: str | None) -> Results:
    """The results of a folder, a CSV, '-' for a CSV on stdin, or None for the newest folder under reports/.

    Raises RunFolderError.
    """
    if run == "-":
        with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as copy:
            copy.write(sys.stdin.read())
            copy.flush()
            return of_csv(Path(copy.name))
    path = Path(run) if run else newest_folder()
    return of_csv(path) if path.is_file() else of_folder(path)


def of_modules(results: Results, modules: str) -> Results:
    """The rows of the modules that ``modules`` lists: 'se,family:channel,!nam'; all rows where it lists none.

    Raises UsageError where the run has none of them, UnknownNameError.
    """
    rows, patterns = results.rows(), split(modules)
    if not patterns:
        return results
    measured = {row["module"] for row in rows}
    selected = {
        name for name in patterns if name in measured
    }  # a user's own module has no pattern but its name
    catalogued = [pattern for pattern in patterns if pattern not in selected]
    if catalogued:
        selected |= {choice.module for choice in select(catalogued)}
    if not selected & measured:
        raise UsageError(f"-m: {modules}: the run has none of them. It has: {', '.join(sorted(measured))}")
    return results.only([number for number, row in enumerate(rows) if row["module"] in selected])


def format_named(name: str) -> Format:
    """The format ``name``. Raises UnknownNameError."""
    entry: Format = FORMATS.get(name)
    return entry


def show_results(results: Results, format: str, look: Look, terminal: Terminal) -> None:
    """Print ``results`` in a format; hidden columns are named on stderr."""
    text, notes = format_named(format).render(results, look)
    terminal.show(text, notes)


def write_file(path: Path, text: str) -> None:
    """Write ``text``, with a final line break. Raises EnvironmentProblem where that fails."""
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as problem:
        raise EnvironmentProblem(
            f"cannot write {path}: {(problem.strerror or str(problem)).lower()}"
        ) from None
