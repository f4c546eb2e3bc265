"""``attnprof list``: the catalogue, or its closed forms."""

from attnprof.catalogue import entry
from attnprof.catalogue.selection import require_of_catalogue, select, split
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.formats import FORMATS
from attnprof.views.catalogue import listing


def list_modules(pattern: str, formula: bool, at: str | None, format: str, terminal: Terminal) -> int:
    """Print the modules that ``pattern`` selects."""
    FORMATS.module_name(format)
    patterns = split(pattern)
    require_of_catalogue(patterns)
    choices = select(patterns)
    if formula:
        # A worker, a plan and a spec: half a second of imports that the plain list does without.
        from attnprof.cli._list_forms import list_forms

        return list_forms(choices, at or "256@56", format, terminal)
    if at:
        raise UsageError("--at goes with --formula")
    modules = dict.fromkeys(choice.module for choice in choices)
    terminal.print(listing([entry(name) for name in modules]), format)
    return 0
