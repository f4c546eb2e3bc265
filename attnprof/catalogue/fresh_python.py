"""How a child process of ours starts."""

import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
_OURS = f"""
import sys
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("attnprof", {str(PACKAGE / "__init__.py")!r})
sys.modules["attnprof"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["attnprof"])
"""


def fresh_python(program: str) -> tuple[str, ...]:
    """The command that runs ``program`` in a new Python, with the attnprof that this process runs.

    Nothing of the working directory stands in for it: -P keeps a random.py that lies there from being taken
    for Python's own.
    """
    return sys.executable, "-P", "-c", _OURS + program
