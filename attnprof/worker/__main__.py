"""``python -m attnprof.worker``: the child process."""

from attnprof.worker import claim_stdout

if __name__ == "__main__":
    responses = claim_stdout()  # before anything that may print is imported
    from attnprof.worker.server import serve

    serve(responses)
