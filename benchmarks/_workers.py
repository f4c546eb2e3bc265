"""Workers of our own: the same as attnprof's, and something watches what they do."""

from collections.abc import Callable


def work(watch: Callable[[], None]) -> None:
    """Be a worker, until the parent ends it. watch: called when the worker's code is imported."""
    from attnprof.worker.connection import claim_streams

    connection = claim_streams()
    from attnprof.worker.server import serve

    watch()
    serve(connection)
