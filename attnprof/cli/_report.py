"""``attnprof report``: the offline page of a run."""

from pathlib import Path

from attnprof.cli._results import results_of
from attnprof.cli._terminal import Terminal
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.records.journal import newest_folder
from attnprof.report import page

PAGE = "report.html"


def report(run: str | None, output: str | None, terminal: Terminal) -> int:
    """Write the page of ``run`` and print its path."""
    path = _output(output)
    if run == "-":
        if path is None:
            raise UsageError("a CSV on standard input has no folder; name the page: -o page.html")
        return _write(path, page(results_of(run), "standard input"), terminal)
    source = Path(run) if run else newest_folder()
    folder = source.parent if source.is_file() else source
    return _write(path or folder / PAGE, page(results_of(str(source)), _name(folder)), terminal)


def _output(name: str | None) -> Path | None:
    """The file of -o. Raises UsageError: a slip of the hand must not overwrite a results.csv."""
    if name is None:
        return None
    path = Path(name)
    if path.suffix not in (".html", ".htm"):
        raise UsageError(f"-o: {name} is no name for a page; write {path.with_suffix('.html')}")
    return path


def _write(path: Path, text: str, terminal: Terminal) -> int:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        reason = (problem.strerror or str(problem)).lower()
        raise EnvironmentProblem(f"cannot write {path}: {reason}") from None
    terminal.show(str(path))
    return 0


def _name(folder: Path) -> str:
    """The folder's name as the title shows it, with reports/ where it lies there."""
    path = folder.resolve()
    return f"reports/{path.name}" if path.parent.name == "reports" else path.name
