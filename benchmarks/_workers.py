"""The ``attnprof`` command with workers of our own: the same, and something watches what they do."""

import sys
from collections.abc import Callable


def command(module: str, folder: str, arguments: list[str]) -> int:
    """Run the command line ``arguments``, its workers being ``python -m module folder``."""
    from attnprof.cli._main import main
    from attnprof.running import client

    client.COMMAND = (sys.executable, "-m", module, folder)
    return main(arguments)


def work(watch: Callable[[], None]) -> None:
    """Be a worker, until the parent ends it. watch: called when the worker's code is imported."""
    from attnprof.worker import claim_stdout

    responses = claim_stdout()
    from attnprof.worker.server import serve

    watch()
    serve(responses)
