"""What the executable runs: hand stdin, stdout and stderr to the server, and end as the process there ends.

client.py ADDRESS EXECUTABLE -m MODULE ARGUMENT ...

It imports what is built into Python alone: json, socket and signal take twice as long as all else that it does.
"""

import _signal as signal
import _socket as socket
import marshal
import os
import sys

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STREAMS = b"".join(descriptor.to_bytes(4, sys.byteorder) for descriptor in (0, 1, 2))


def main(address: str, *arguments: str) -> int:
    """The exit code of the process. One that died of a signal takes this process along."""
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # until it is known whom they are for
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(address)
    request = {"arguments": list(arguments), "folder": os.getcwd(), "variables": dict(os.environ)}
    connection.sendmsg([marshal.dumps(request)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, STREAMS)])
    forward(int(connection.recv(16)))
    status = int(connection.recv(16))
    if os.WIFSIGNALED(status):
        take_defaults(os.WTERMSIG(status))
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status)


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
