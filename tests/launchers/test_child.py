"""A child process that may do anything: nothing waits for it without end, and nothing of it stays."""

import os
import select
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from attnprof.launchers import _child as children
from attnprof.launchers._child import Child

SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def child(monkeypatch, request):
    """Start a child that runs this code, with ``os`` and ``sys`` imported."""
    monkeypatch.setattr(children, "GRACE", 0.2)
    monkeypatch.setattr(children, "END_SECONDS", 0.2)
    monkeypatch.setattr(children, "SEND_SECONDS", 0.2)

    def start(code):
        command = [sys.executable, "-S", "-c", f"import os, sys\n{code}"]
        started = Child(command, dict(os.environ), b"mine ")
        request.addfinalizer(started.kill)
        return started

    return start


def is_alive(process):
    """Whether it runs: one that has ended and that nobody has waited for does not."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_its_lines_are_read_in_order_until_its_end(child):
    one = child("print('mine 1\\nmine 2')")
    assert [one.line(60) for _ in range(4)] == [b"mine 1\n", b"mine 2\n", b"", b""]
    assert one.exit_code() == 0


def test_what_it_prints_last_is_remembered_and_the_rest_takes_no_memory(child):
    one = child("for _ in range(400): os.write(2, b'x' * 10**6)\nos.write(2, b'\\nlast words\\n')")
    assert one.line(60) == b""
    assert one.last_line() == "last words"
    assert len(one._stray) <= children.STRAY


@pytest.mark.parametrize("stray", ["theirs 3", "{}", "mine 3' + 'x' * 2**20 + '"])
def test_behind_a_line_that_is_not_its_own_nothing_is_read(child, stray, monkeypatch):
    monkeypatch.setattr(children, "LONGEST_LINE", 2**16)
    one = child(f"print('mine 1\\n{stray}\\nmine 2', flush=True)\n{SLEEP}")
    assert [one.line(60), one.line(60)] == [b"mine 1\n", b""]


def test_a_line_that_it_was_killed_in_is_none(child):
    assert child("os.write(1, b'mine 1\\nmine 2'); os._exit(1)").line(60) == b"mine 1\n"


def test_one_that_closes_its_output_and_goes_on_is_not_waited_for(child):
    one = child(f"os.close(1)\n{SLEEP}")
    assert one.line(60) == b""
    assert one.exit_code() is None
    one.kill()
    assert one.exit_code() == -9


def test_no_line_in_time_is_a_timeout(child):
    with pytest.raises(TimeoutError):
        child(SLEEP).line(0.01)


def test_its_end_is_noticed_though_what_it_started_holds_its_output(child):
    one = child(f"if os.fork(): print('mine', os.getpid(), flush=True); os._exit(3)\n{SLEEP}")
    one.line(60)
    assert one.line(60) == b""
    assert one.exit_code() == 3


ALONE = f"os.setsid()\nprint('mine', os.getpid(), flush=True)\n{SLEEP}"
STARTS = {
    "a child": f"if os.fork():\n    {SLEEP}\n{ALONE}",
    "a child of a child that has ended": f"if os.fork():\n    {SLEEP}\nif os.fork():\n    os._exit(0)\n{ALONE}",
    "a program": f"import subprocess\nsubprocess.run([sys.executable, '-S', '-c', {'import os' + chr(10) + ALONE!r}])",
}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system does not tell")
@pytest.mark.parametrize("code", STARTS.values(), ids=STARTS)
def test_what_it_started_in_a_session_of_its_own_ends_with_it(child, code):
    one = child(code)
    _, process = one.line(60).split()
    assert is_alive(int(process))
    end = os.pidfd_open(int(process))
    one.kill()
    assert select.select([end], [], [], 60)[0]  # at its end
    os.close(end)


def test_other_processes_live_on(child):
    with subprocess.Popen([sys.executable, "-S", "-c", SLEEP]) as other:
        child(SLEEP).kill()
        assert other.poll() is None
        other.kill()


def test_one_that_takes_no_request_is_not_waited_for(child):
    one = child(SLEEP)
    one.write(b"x" * 2**20)
    assert one.exit_code() is None


def test_a_request_of_any_length_arrives(child):
    one = child("print('mine ready', flush=True); print('mine', len(sys.stdin.readline()))")
    assert one.line(60) == b"mine ready\n"  # how long it may take to start is another matter
    one.write(b"x" * 2**20 + b"\n")
    assert one.line(60) == b"mine 1048577\n"


def test_a_request_to_one_that_has_ended_is_lost(child):
    one = child("pass")
    assert one.line(60) == b""
    one.write(b"x" * 2**20)
    one.kill()
    one.write(b"x")
