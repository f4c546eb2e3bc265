"""``python -m attnprof.worker``: the child process."""

import os

if __name__ == "__main__":
    # What a module or a library prints, while it is imported or later, must not reach the responses.
    responses = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    from attnprof.worker.server import serve

    serve(responses)
