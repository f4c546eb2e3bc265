"""``attnprof run``: a spec measured, a run resumed, or a plan listed."""

from typing import Any

from attnprof.cli._execute import execute, list_cells
from attnprof.cli._resume import resume_as_begun
from attnprof.cli._spec import spec_of
from attnprof.cli._terminal import Terminal


def run(spec: str | None, resume: str | None, dry_run: bool, terminal: Terminal, **fields: Any) -> int:
    """Measure the spec of the file ``spec`` and of the options ``fields``."""
    if resume is not None:
        return resume_as_begun(resume, fields["format"], fields["on"], terminal)
    settings = spec_of(spec, fields)
    return list_cells(settings, terminal) if dry_run else execute(settings, terminal)
