"""``attnprof list``: the catalogue, or its closed forms."""

from attnprof.catalogue import entry
from attnprof.catalogue.selection import ConfiguredModule, select, split
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.grid import parse_point
from attnprof.views.catalogue import listing


def list_modules(pattern: str, formula: bool, at: str | None, format: str | None, terminal: Terminal) -> int:
    """Print the modules that ``pattern`` selects."""
    choices = select(split(pattern))
    if formula:
        return _list_forms(choices, at or "256@56", format, terminal)
    if at or format:
        raise UsageError(f"--{'at' if at else 'format'} goes with --formula")
    modules = dict.fromkeys(choice.module for choice in choices)
    terminal.show(listing([entry(name) for name in modules]))
    return 0


def _list_forms(choices: list[ConfiguredModule], at: str, format: str | None, terminal: Terminal) -> int:
    # Closed forms need a worker, a plan and a spec: half a second of imports that the list does without.
    from attnprof.cli._progress import starting
    from attnprof.views.closed_forms import as_markdown, as_text, rows

    try:
        point = parse_point(at)
    except ValueError as problem:
        raise UsageError(f"--at: {problem}") from None
    with starting(terminal):
        table = rows(choices, point)
    terminal.show(as_markdown(table) if format == "md" else as_text(table, terminal.look().width))
    return 0
