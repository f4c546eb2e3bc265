"""``python -m attnprof.worker``: the child process."""

from attnprof.worker.connection import claim_streams

if __name__ == "__main__":
    connection = claim_streams()  # before anything that may print is imported
    from attnprof.worker.server import serve

    serve(connection)
