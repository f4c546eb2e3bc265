"""``attnprof --version``: one line, or all that a bug report needs."""

import json
import sys
from importlib.metadata import version

from attnprof.cli._streams import show
from attnprof.records.environment import software


def show_version(as_json: bool) -> None:
    """Show attnprof's version; as JSON with Python's, torch's, the system's and the encodings' beside it.
    Nothing of them is imported."""
    if not as_json:
        show(f"attnprof {version('attnprof')}")
        return
    facts = software() | {"executable": sys.executable, "stdout_encoding": sys.stdout.encoding}
    show(json.dumps(facts, indent=2))
