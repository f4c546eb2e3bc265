"""``attnprof list``: the catalogue, its closed forms, or the networks."""

from attnprof.catalogue import entry
from attnprof.catalogue.selection import require_of_catalogue, select, split
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.formats import FORMATS
from attnprof.networks import NETWORKS
from attnprof.views import networks as networks_view
from attnprof.views.catalogue import listing

EVERY = "all"  # PATTERN where it is left out


def list_entries(
    pattern: str, networks: bool, formula: bool, at: str | None, format: str, terminal: Terminal
) -> int:
    """Print the modules that ``pattern`` selects, or the networks."""
    FORMATS.module_name(format)
    if not networks:
        return _list_modules(pattern, formula, at, format, terminal)
    if pattern != EVERY or formula or at:
        raise UsageError("--networks lists all networks: leave out PATTERN, --formula and --at")
    terminal.print(networks_view.listing({name: NETWORKS.get(name) for name in NETWORKS.names()}), format)
    return 0


def _list_modules(pattern: str, formula: bool, at: str | None, format: str, terminal: Terminal) -> int:
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
