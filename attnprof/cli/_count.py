"""``attnprof count``: a run without latency."""

from typing import Any

from attnprof.catalogue.selection import split
from attnprof.cli._execute import execute, list_cells
from attnprof.cli._network_inputs import explanations_of
from attnprof.cli._spec import NO_COUNTERS, spec_of
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.views.explanation import counts_document


def count(
    spec: str | None, dry_run: bool, input: str | None, real: bool, terminal: Terminal, **fields: Any
) -> int:
    """Count the spec of the file ``spec`` and of the options ``fields``, or modules called with ``input``."""
    if input is not None:
        return _count_inputs(input, real, terminal, fields)
    settings = spec_of(spec, fields, NO_COUNTERS, no_latency=True)
    return list_cells(settings, terminal) if dry_run else execute(settings, terminal)


def _count_inputs(inputs: str, real: bool, terminal: Terminal, fields: dict[str, Any]) -> int:
    """Print a row per module of ``fields``."""
    names = split(fields.get("modules") or "")
    if not names:
        raise UsageError("--input needs a module: attnprof count -m my.py:Net --input 1x3x224x224")
    explanations = explanations_of(names, inputs, bool(fields.get("train")), real, terminal)
    terminal.print(counts_document(names, inputs, explanations), fields.get("format") or "text")
    return 0
