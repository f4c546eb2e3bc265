"""``attnprof merge``: several run folders as one."""

import shlex
from datetime import datetime
from pathlib import Path

from attnprof.cli._outcome import MANY, show_first
from attnprof.cli._results import write_document
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.formats import FORMATS
from attnprof.records.environment import Environment, kind_of_device, machines
from attnprof.records.files import file_in
from attnprof.records.journal import RESULTS, SPEC, Journal, environment_in, new_folder, records_in
from attnprof.results import merging
from attnprof.results.folder import FolderParts, outline_of_folder
from attnprof.results.table import joined_parts
from attnprof.spec.file import recorded
from attnprof.views.run import document as document_of_run


def merge(run: tuple[str, ...], name: str, output: str | None, format: str, terminal: Terminal) -> int:
    """Merge the folders ``run`` into a new one and print its table."""
    FORMATS.module_name(format)
    if len(run) < 2:
        raise UsageError("name two runs or more: attnprof merge RUN RUN")
    merged = merging.merge([_part(Path(folder)) for folder in run])
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    environment = {**merged.environment, "merged": now}
    folder = Path(output) if output else new_folder(name, _device(environment))
    with Journal.create(folder) as journal:
        journal.begin(merged.spec.to_toml(), environment)
        journal.copy([line for _, line in merged.records])
    del merged  # its records take more memory than all that follows
    parts = FolderParts(folder, outline_of_folder(folder, environment), environment)
    rows = _show(folder, parts, format, terminal)
    kinds = sorted(set(map(kind_of_device, machines(environment))))
    if len(kinds) > 1:
        terminal.note(f"{' and '.join(kinds)} are kept apart: each has rows of its own, and none is compared")
    missing = parts.planned - rows
    if missing:
        terminal.note(f"{missing} of {parts.planned} cells are in none of the runs")
    terminal.note(f"all rows: {folder / RESULTS}")
    return 0


def _show(folder: Path, parts: FolderParts, format: str, terminal: Terminal) -> int:
    """Write and print the table, of many cells its first lines. How many rows it has is returned."""
    if parts.planned >= MANY:
        return show_first(folder, parts, format, shlex.quote(str(folder)), terminal)
    results = joined_parts(list(parts))
    document = document_of_run(results)
    write_document(folder / RESULTS, document, "csv")
    terminal.print(document, format)
    return len(results.frame)


def _part(folder: Path) -> merging.Part:
    spec = recorded(file_in(folder, SPEC))
    return merging.Part(str(folder), spec, environment_in(folder), list(records_in(folder)))


def _device(environment: Environment) -> str:
    kinds = set(map(kind_of_device, machines(environment)))
    return kinds.pop() if len(kinds) == 1 else "several"
