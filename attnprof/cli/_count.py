"""``attnprof count``: a run without latency."""

from typing import Any

from attnprof.cli._execute import execute, list_cells
from attnprof.cli._spec import spec_of
from attnprof.cli._terminal import Terminal


def count(spec: str | None, dry_run: bool, terminal: Terminal, **fields: Any) -> int:
    """Count the spec of the file ``spec`` and of the options ``fields``."""
    settings = spec_of(spec, fields, no_latency=True)
    return list_cells(settings, terminal) if dry_run else execute(settings, terminal)
