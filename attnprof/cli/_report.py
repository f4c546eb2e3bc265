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
    if run == "-" and output is None:
        raise UsageError("a CSV on standard input has no folder; name the page: -o page.html")
    if output is not None and Path(output).suffix not in (".html", ".htm"):
        # A slip of the hand must not write over a results.csv.
        raise UsageError(f"-o: {output} is no name for a page; write {Path(output).with_suffix('.html')}")
    source = Path(run) if run else newest_folder()
    folder = source.parent if source.is_file() else source
    path = Path(output) if output else folder / PAGE
    text = page(results_of(str(source)), "standard input" if run == "-" else _name(folder))
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
