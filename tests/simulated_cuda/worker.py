"""A worker process whose device is simulated: ``python -c PROGRAM``, see ``command``."""

import os
import sys
from pathlib import Path

from attnprof.catalogue.fresh_python import fresh_python

ROOT = Path(__file__).parents[2]
PROGRAM = f"""
import sys
sys.path.append({str(ROOT)!r})
from attnprof.worker.connection import claim_streams
connection = claim_streams()
from tests.simulated_cuda.worker import serve_simulated
serve_simulated(connection)
"""


def command(interpreter: str = sys.executable) -> tuple[str, ...]:
    """The command of such a worker, with a Python of one's own."""
    return (interpreter, *fresh_python(PROGRAM)[1:])


def serve_simulated(connection) -> None:
    """Serve the parent with the device that the environment describes."""
    from attnprof.worker.server import serve
    from tests.simulated_cuda import Settings, simulated
    from tests.simulated_cuda.settings import VARIABLE

    with simulated(Settings.from_text(os.environ[VARIABLE])):
        serve(connection)
