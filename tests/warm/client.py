"""What the executable runs: hand the open files to the server, and end as the process there ends.

client.py ADDRESS EXECUTABLE -m MODULE ARGUMENT ...

It imports what is built into Python alone: json, socket and signal take twice as long as all else that it does.
"""

import _signal as signal
import _socket as socket
import marshal
import os
import sys

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(address: str, *arguments: str) -> int:
    """The exit code of the process. One that died of a signal takes this process along."""
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # until it is known whom they are for
    files = open_files()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(address)
    request = {"numbers": files, "arguments": list(arguments), "folder": os.getcwd()}
    request["variables"] = dict(os.environ)
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in files)
    connection.sendmsg([marshal.dumps(request)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    forward(int(connection.recv(16)))
    status = int(connection.recv(16))
    if os.WIFSIGNALED(status):
        take_defaults(os.WTERMSIG(status))
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status)


def open_files() -> list[int]:
    """The numbers of the files that this process has inherited: stdin, stdout, stderr, and what was passed to it."""
    return [
        0,
        1,
        2,
        *(number for number in map(int, os.listdir("/proc/self/fd")) if number > 2 and is_open(number)),
    ]


def is_open(number: int) -> bool:
    """Whether ``number`` is an open file's: the list of them was one itself."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def take_defaults(number: int) -> None:
    """Let the signal end this process."""
    if number != signal.SIGKILL:  # which has no other handler
        signal.signal(number, signal.SIG_DFL)


def forward(process: int) -> None:
    """Send on to ``process`` what this process is told."""
    for number in FORWARDED:
        signal.signal(number, lambda number, frame: os.kill(process, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
