"""An interpreter that has imported torch already: what it runs is forked from one process and starts at once.

Importing torch and its like takes a second or two, and a run starts several processes that need them. ``install``
writes an executable that takes ``-m MODULE ARGUMENT ...`` and ``-c CODE ARGUMENT ...``, ``-P`` before them or not, as
Python does and ends as the program ends.
Nothing of attnprof is imported before the fork, so that each process sees its own files, plug-ins and variables
(those that Python itself reads at its start apart).

SIGINT and SIGTERM to the executable reach the process, and SIGKILL kills it, too. Where the start itself is the point,
a test starts Python.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
SCRIPT = """#!/bin/sh
exec '{python}' -S -I '{here}/client.py' '{address}' "$0" "$@"
"""


@contextmanager
def install(folder: Path) -> Iterator[str]:
    """The path of the executable, which lies in ``folder`` and works until the context is left.

    Where processes cannot be forked and watched (outside Linux) it is Python's own.
    """
    if not hasattr(os, "pidfd_open"):
        yield sys.executable
        return
    address, executable = folder / "socket", folder / "python"
    executable.write_text(SCRIPT.format(python=sys.executable, here=HERE, address=address), encoding="utf-8")
    executable.chmod(0o755)
    bytecode = folder / "bytecode" if sys.dont_write_bytecode else ""
    command = [sys.executable, "-I", str(HERE / "server.py"), str(address), str(bytecode)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout.readline()  # it listens
        yield str(executable)
        server.stdin.close()  # which ends it
