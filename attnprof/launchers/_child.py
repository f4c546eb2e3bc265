"""A child process that may do anything: every wait for it ends, what it prints takes no memory, and what it
has started ends with it."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from queue import Empty, Queue
from secrets import token_hex
from threading import Thread

from attnprof.system.pipes import write_within
from attnprof.system.processes import apart, kill_group, kill_marked

MARK = "_ATTNPROF_WORKER"  # a variable of a child and of all that it starts, by which they are recognised
GRACE = 5.0  # seconds that a process has to end once its output has ended, or once it was killed
END_SECONDS = 1.0  # that a thread has to read what is left of an output
SEND_SECONDS = 30.0  # that the process has to take a request
LONGEST_LINE = 2**26  # bytes: the explanation of a large network has some millions
STRAY = 2**16  # bytes of what it printed last that are remembered
BY_SIGNAL, SIGNALS = 128, 65  # of a shell's exit code: added to a signal's number; more than the largest
TIMES = 3  # to look for what it has started: that may be starting more


class Child:
    """A process in a session of its own. Its lines begin with ``prefix``: behind one that does not, nothing
    is read. greets: what stands before the first of its lines is passed over."""

    def __init__(
        self, command: Sequence[str], variables: Mapping[str, str], prefix: bytes, greets: bool = False
    ) -> None:
        name = token_hex(16)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**variables, MARK: name},
            **apart(),
        )
        self._mark = f"{MARK}={name}".encode()
        self._prefix, self._greets = prefix, greets
        self._lines: Queue[bytes] = Queue()
        self._stray = b""  # the end of what it has printed
        self._reader = Thread(target=self._read, daemon=True)
        self._drain = Thread(target=self._remember_stray, daemon=True)
        self._watch = Thread(target=self._notice_end, daemon=True)
        for thread in (self._reader, self._drain, self._watch):
            thread.start()

    def write(self, data: bytes) -> None:
        """Send ``data``, as far as the process takes it."""
        assert self._process.stdin is not None
        write_within(self._process.stdin, data, SEND_SECONDS)

    def line(self, timeout: float | None) -> bytes:
        """The next line; empty where no more will come. Raises TimeoutError after ``timeout`` seconds (None:
        no limit)."""
        try:
            line = self._lines.get(timeout=timeout)
        except Empty:
            raise TimeoutError from None
        if not line:
            self._lines.put(line)  # it stays so
        return line

    def exit_code(self) -> int | None:
        """How it ended, negative where a signal ended it; None where it goes on."""
        try:
            return self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            return None

    def last_line(self) -> str:
        """What it printed last."""
        self._drain.join(END_SECONDS)
        lines = self._stray.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def kill(self) -> None:
        """End it and whatever it has started, in sessions of their own, too."""
        kill_group(self._process)
        for _ in range(TIMES):
            if not kill_marked(self._mark):
                break
        self.exit_code()
        threads = self._reader, self._drain, self._watch
        for thread in threads:
            thread.join(END_SECONDS)
        if any(thread.is_alive() for thread in threads):
            return  # somebody holds the other end: closing this one would wait for them
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline(LONGEST_LINE):
            if line.startswith(self._prefix) and line.endswith(b"\n"):
                self._greets = False
                self._lines.put(line)
            elif not self._greets:
                break  # that it was killed in, or that a module wrote
        self._lines.put(b"")

    def _remember_stray(self) -> None:
        assert self._process.stderr is not None
        while printed := os.read(self._process.stderr.fileno(), STRAY):
            whole = len(printed) == STRAY  # then what came before it need not be moved
            self._stray = printed if whole else (self._stray + printed)[-STRAY:]

    def _notice_end(self) -> None:
        """Its output may stay open behind it, where what it started holds it."""
        self._process.wait()
        self._reader.join(END_SECONDS)
        self._lines.put(b"")


class RemoteChild(Child):
    """A process of this machine that carries the pipe to a worker on another, through a shell there. Shells
    greet, and end with 128 + n where signal n has ended the worker."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str], prefix: bytes) -> None:
        super().__init__(command, variables, prefix, greets=True)

    def exit_code(self) -> int | None:
        """How the worker ended, as far as the program tells."""
        code = super().exit_code()
        return BY_SIGNAL - code if code is not None and BY_SIGNAL < code < BY_SIGNAL + SIGNALS else code
