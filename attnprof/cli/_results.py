"""The results that a command shows: of a run folder, a CSV file or standard input; of some modules."""

import sys
import tempfile
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from attnprof.catalogue.selection import location_in, select, split
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.formats import FORMATS, Document, Format, Look
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
    write_file(path, entry.write(document, Look()).text)


def write_file(path: Path, text: str) -> None:
    """Write ``text``, with a final line break. Raises EnvironmentProblem where that fails."""
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as problem:
        raise EnvironmentProblem(
            f"cannot write {path}: {(problem.strerror or str(problem)).lower()}"
        ) from None
