"""The process that has imported torch: it forks for each client, and ends at the end of its own input.

server.py ADDRESS BYTECODE

BYTECODE: the folder for what is compiled from now on; empty, it lies beside the sources.
"""

import atexit
import ctypes
import fcntl
import gc
import importlib
import marshal
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
import weakref
from contextlib import suppress
from typing import NamedTuple, Never

# Nothing of attnprof. torch._dynamo is what torch itself imports when thop counts; pydantic and rich import most
# of themselves when it is asked for.
PRELOADED = (
    "click.shell_completion",
    "filelock",
    "fvcore.nn",
    "msgspec",
    "pandas",
    "pydantic.dataclasses",
    "pydantic.json_schema",
    "pydantic.main",
    "pydantic.types",
    "rich.console",
    "rich.table",
    "thop",
    "tomli_w",
    "tomllib",
    "torch._dynamo",
)
LARGEST = 2**20  # bytes of a request
MOST_DESCRIPTORS = 1024  # as many as select takes
MOST_FILES = 16  # that a client passes on
# What glibc reads when a process starts, and mallopt's number of it.
MALLOC = {"MALLOC_TRIM_THRESHOLD_": -1, "MALLOC_TOP_PAD_": -2, "MALLOC_MMAP_THRESHOLD_": -3}


def main(address: str, bytecode: str) -> None:
    """Serve; in the process that is forked for a client, become what the client asks for."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen()
    print(flush=True)
    ready, _, _ = select.select([listener, sys.stdin], [], [])
    if sys.stdin in ready:  # nobody came
        return
    preload(bytecode)
    request, descriptors = next_request(listener)
    become(descriptors, **marshal.loads(request))


def preload(bytecode: str) -> None:
    """Import what takes long."""
    # Should an import ask whether there is a GPU, asking CUDA itself would keep forked processes from using it.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    for name in PRELOADED:
        importlib.import_module(name)
    sys.pycache_prefix = bytecode or None  # of attnprof: the libraries are imported
    forget_ends()
    gc.collect()
    gc.freeze()  # a collection in a forked process would copy all of it


def forget_ends() -> None:
    """Leave out of every process's end what the libraries do at theirs: torch alone takes its operators apart one
    by one, which takes longer than most commands run."""
    for each in list(weakref.finalize._registry):
        each.atexit = False
    atexit.unregister(sys.modules["torch._dynamo.utils"].dump_compile_times)


class Client(NamedTuple):
    """Who asked for a process, that process, and the descriptor that is ready at its end."""

    connection: socket.socket
    process: int
    end: int


def next_request(listener: socket.socket) -> tuple[bytes, list[int]]:
    """A client's request, and its stdin, stdout and stderr: in a process of its own. Does not return in the
    server."""
    clients: list[Client] = []
    while True:
        watched = [each for client in clients for each in (client.connection, client.end)]
        ready, _, _ = select.select([listener, sys.stdin, *watched], [], [])
        if sys.stdin in ready:
            sys.exit()
        for client in [each for each in clients if each.connection in ready or each.end in ready]:
            part(client, early=client.connection in ready)
            clients.remove(client)
        if listener not in ready:
            continue
        connection, _ = listener.accept()
        request, descriptors = b"", []
        with suppress(ConnectionError):
            request, descriptors, _, _ = socket.recv_fds(connection, LARGEST, MOST_FILES)
        if not request:  # the client was killed before it had asked
            connection.close()
            continue
        process = os.fork()
        if not process:
            return request, descriptors
        clients.append(meet(connection, process, descriptors))


def meet(connection: socket.socket, process: int, descriptors: list[int]) -> Client:
    """Tell the client which ``process`` is its own."""
    for descriptor in descriptors:
        os.close(descriptor)  # the process alone writes to them
    with suppress(ConnectionError):  # the client is gone
        connection.send(str(process).encode())
    return Client(connection, process, os.pidfd_open(process))


def part(client: Client, early: bool) -> None:
    """Tell the client how its process ended; one that goes ``early`` takes its process along."""
    if early:
        os.kill(client.process, signal.SIGKILL)
    _, status = os.waitpid(client.process, 0)
    with suppress(ConnectionError):  # the client is gone
        client.connection.send(str(status).encode())
    client.connection.close()
    os.close(client.end)


def take(descriptors: list[int], numbers: list[int]) -> None:
    """Give the open files ``descriptors`` their ``numbers``, and close all others."""
    above = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, max(numbers) + 1) for descriptor in descriptors]
    for descriptor, number in zip(above, numbers, strict=True):
        os.dup2(descriptor, number)
    for number in range(MOST_DESCRIPTORS):
        if number not in numbers:  # the server's own, and those of other clients
            with suppress(OSError):
                os.close(number)


def become(
    descriptors: list[int], numbers: list[int], arguments: list[str], folder: str, variables: dict[str, str]
) -> Never:
    """Run what Python would run.

    descriptors: the client's open files, and ``numbers`` theirs. arguments: the executable, '-P' where the folder is none to import from,
    '-m' and a module's name or '-c' and code, and what follows.
    """
    take(descriptors, numbers)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    set_malloc(variables)
    safe = arguments[1] == "-P"
    if safe:
        del arguments[1]
    sys.path[:0] = [
        *([] if safe else [folder]),
        *filter(None, variables.get("PYTHONPATH", "").split(os.pathsep)),
    ]
    sys.executable, option, program, *sys.argv[1:] = arguments
    end(run(option, program))


def set_malloc(variables: dict[str, str]) -> None:
    """Make malloc obey ``variables``, as far as an int goes."""
    for name, number in MALLOC.items():
        if name in variables:
            ctypes.CDLL(None).mallopt(number, min(int(variables[name]), 2**31 - 1))


def run(option: str, program: str) -> int:
    """The exit code of ``python -m program`` or ``python -c program``."""
    try:
        if option == "-m":
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        else:
            exec(program, {"__name__": "__main__"})
    except SystemExit as problem:
        return int(problem.code or 0)
    except BaseException:  # noqa: BLE001 # Python prints whatever ends a program
        traceback.print_exc()
        return 1
    return 0


def end(code: int) -> Never:
    """End this process as multiprocessing ends a forked one: taking torch apart would take longer than most
    commands run."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
