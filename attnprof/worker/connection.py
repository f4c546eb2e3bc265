"""The worker's end of its connection: descriptors that module code does not meet by chance, and lines that
say which process wrote them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from random import randrange
from types import FrameType
from typing import Any

from attnprof.system.descriptors import private_copy
from attnprof.system.limits import most_files

PACKAGE = str(Path(__file__).parents[1]) + os.sep
LOWEST, HIGHEST = 256, 2**14  # numbers of private descriptors, where the limit allows so many
SPARE = 8  # below the limit: the number drawn may be taken


class Connection:
    """Requests in, responses out. A process that is forked from this one has no part in it."""

    def __init__(self, requests: int, responses: int) -> None:
        self.token = b""  # begins every line, from the first request on
        self._requests, self._responses = requests, responses
        self._process = os.getpid()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._leave)

    def lines(self) -> Iterator[bytes]:
        """The lines of the parent, until it is gone."""
        with os.fdopen(self._requests, "rb") as requests:
            yield from requests

    def send(self, message: bytes) -> None:
        """Write one line. A copy of this process, made without Python's knowledge, ends instead."""
        if os.getpid() != self._process:
            os._exit(0)
        rest = memoryview(b"%s %d %s" % (self.token, self._process, message))
        while rest:
            rest = rest[os.write(self._responses, rest) :]

    def _leave(self) -> None:
        """In a process that was forked just now: let go of the connection, and end where the user's code
        returns to ours."""
        os.close(self._requests)
        os.close(self._responses)
        caller = _innermost_of_ours(sys._getframe(1))

        def watch(frame: FrameType, event: str, value: Any) -> None:
            if frame is caller and event == "return":
                os._exit(0)

        sys.setprofile(watch)


def claim_streams() -> Connection:
    """The connection that stdin and stdout are. From now on stdin is empty, and what a module or a library
    prints goes to stderr."""
    connection = Connection(_private(0), _private(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return connection


def _private(descriptor: int) -> int:
    """A copy of ``descriptor`` with a high number that nobody knows, and that no program inherits."""
    highest = min(most_files() or HIGHEST, HIGHEST)
    lowest = min(LOWEST, highest // 2)
    number = randrange(lowest, max(lowest + 1, highest - SPARE))
    return private_copy(descriptor, number)


def _innermost_of_ours(frame: FrameType | None) -> FrameType | None:
    """The function of this package that called the user's code in ``frame``."""
    while frame and not frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return frame
