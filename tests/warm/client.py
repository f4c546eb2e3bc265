"""What the executable runs: hand stdin, stdout and stderr to the server, and end as the process there ends.

client.py ADDRESS EXECUTABLE -m MODULE ARGUMENT ...
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress

FORWARDED = (signal.SIGINT, signal.SIGTERM)


def main(address: str, *arguments: str) -> int:
    """The exit code of the process. One that died of a signal takes this process along."""
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # until it is known whom they are for
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(address)
        request = {"arguments": arguments, "folder": os.getcwd(), "variables": dict(os.environ)}
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
        forward(int(connection.recv(16)))
        status = int(connection.recv(16))
    if os.WIFSIGNALED(status):
        with suppress(OSError):  # SIGKILL has no other handler
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status)


def forward(process: int) -> None:
    """Send on to ``process`` what this process is told."""
    for number in FORWARDED:
        signal.signal(number, lambda number, frame: os.kill(process, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
