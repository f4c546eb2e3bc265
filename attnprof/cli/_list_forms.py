"""``attnprof list --formula``: the catalogue's closed forms."""

from collections.abc import Sequence

from attnprof.catalogue.selection import ConfiguredModule
from attnprof.cli._progress import starting
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.grid import parse_point
from attnprof.views.closed_forms import document, rows


def list_forms(modules: Sequence[ConfiguredModule], at: str, format: str, terminal: Terminal) -> int:
    """Print params, MACs and FLOPs of ``modules`` as polynomials around the size ``at``."""
    try:
        point = parse_point(at)
    except ValueError as problem:
        raise UsageError(f"--at: {problem}") from None
    with starting(terminal):
        table = rows(modules, point)
    terminal.print(document(table), format)
    return 0
