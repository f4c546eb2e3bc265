"""``attnprof report``: the offline page of a run."""

import webbrowser
from pathlib import Path

from attnprof.cli._results import is_file, results_of, write_file
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.records.journal import newest_folder
from attnprof.report import page_that_fits
from attnprof.results import Results
from attnprof.views.where import rows_where

PAGE = "report.html"


def report(run: str | None, where: str, output: str | None, open: bool, terminal: Terminal) -> int:
    """Write the page of ``run``, of the rows that are ``where``, and print its path. open: show it in the
    browser, too."""
    path = _write(run, where, _output(output), terminal)
    terminal.show(str(path))
    if open and not webbrowser.open(path.resolve().as_uri()):
        terminal.note("no browser was found: open it by hand")
    return 0


def _write(run: str | None, where: str, path: Path | None, terminal: Terminal) -> Path:
    """Write the page to ``path``, or beside the run; where it stands is returned."""
    if run == "-":
        if path is None:
            raise UsageError("a CSV on standard input has no folder; name the page: -o page.html")
        return _written(path, rows_where(results_of(run), where), "standard input", terminal)
    source = Path(run) if run else newest_folder()
    folder = source.parent if is_file(source) else source
    results = rows_where(results_of(str(source)), where)
    return _written(path or folder / PAGE, results, _name(folder), terminal)


def _output(name: str | None) -> Path | None:
    """The file of -o. Raises UsageError: a slip of the hand must not overwrite a results.csv."""
    if name is None:
        return None
    path = Path(name)
    if path.suffix not in (".html", ".htm"):
        example = path.with_suffix(".html") if path.name else PAGE
        raise UsageError(f"-o: {name or 'nothing'} is no name for a page; write {example}")
    return path


def _written(path: Path, results: Results, name: str, terminal: Terminal) -> Path:
    html, rows = page_that_fits(results, name)
    write_file(path, html)
    if rows < len(results.frame):
        terminal.note(
            f"the page has the first {rows} of {len(results.frame)} rows, the largest maps first;"
            " others: --where 'channels=64'"
        )
    return path


def _name(folder: Path) -> str:
    """The folder's name as the title shows it, with reports/ where it lies there."""
    path = folder.resolve()
    return f"reports/{path.name}" if path.parent.name == "reports" else path.name
