"""The child process: it builds, counts and measures what the parent asks for."""

import os
from typing import BinaryIO


def claim_stdout() -> BinaryIO:
    """Where the responses go. What a module or a library prints from now on goes to stderr."""
    responses = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return responses
