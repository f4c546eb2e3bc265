"""A process of the warm interpreter is what it would be of Python's: folder, variables, streams, end."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from attnprof.backends import BACKENDS
from tests.warm import server

SAY = """
import json, os, sys

about = {"arguments": sys.argv[1:], "folder": os.getcwd(), "path": sys.path[:2], "input": sys.stdin.read()}
about |= {"variable": os.environ.get("ATTNPROF_SEED"), "attnprof": "attnprof" in sys.modules}
print(json.dumps(about))
print("complaint", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture(params=["Python's own", "warm"])
def python(request):
    return sys.executable if request.param == "Python's own" else request.getfixturevalue("interpreter")


@pytest.fixture
def module(tmp_path):
    """Write a module's source into the current folder of what is run."""

    def write(source):
        (tmp_path / "module_of_a_test.py").write_text(source, encoding="utf-8")
        return ["-m", "module_of_a_test"]

    return write


def test_it_has_its_own_arguments_folder_path_streams_and_exit_code(python, module, tmp_path):
    variables = {**os.environ, "ATTNPROF_SEED": "7", "PYTHONPATH": "/first"}
    command = [python, *module(SAY), "a b", "--c"]
    done = subprocess.run(
        command, cwd=tmp_path, env=variables, input="line\n", capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (3, "complaint\n")
    assert json.loads(done.stdout) == {
        "arguments": ["a b", "--c"],
        "folder": str(tmp_path),
        "path": [str(tmp_path), "/first"],
        "input": "line\n",
        "variable": "7",
        "attnprof": False,
    }


def test_it_runs_code_that_is_an_argument(python):
    command = [python, "-c", "import sys; print(__name__, sys.argv[1:])", "a"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "__main__ ['a']\n"


@pytest.mark.gpu
def test_it_can_use_a_gpu(interpreter):
    if reason := BACKENDS.get("cuda").unavailable():
        pytest.skip(reason)
    command = [interpreter, "-c", "import torch; print(torch.ones(2, device='cuda').sum().item())"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "2.0\n"


def test_a_client_that_is_killed_ends_its_own_process_and_not_the_server():
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with subprocess.Popen(["sleep", "60"]) as process:
        client = server.meet(here, process.pid, [])
        there.close()  # with an answer unread, as a kill leaves it
        server.part(client, early=True)
    assert here.fileno() == -1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_it_dies_of_the_signal_that_killed_it(python, module, tmp_path, number):
    source = f"import os\nos.kill(os.getpid(), {int(number)})"
    assert subprocess.run([python, *module(source)], cwd=tmp_path).returncode == -number


def test_what_nobody_catches_is_a_traceback_and_exit_code_1(python, module, tmp_path):
    done = subprocess.run([python, *module("1 / 0")], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_it_ends_with_whoever_started_it(python, module, tmp_path):
    source = "import signal\nprint('begun', flush=True)\nsignal.pause()"
    command = [python, *module(source)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        process.kill()
        assert process.stdout.read() == ""  # its end: nobody holds the pipe any more


def test_an_interrupt_reaches_it(python, module, tmp_path):
    source = """
import signal
try:
    print("begun", flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("interrupted")
"""
    with subprocess.Popen(
        [python, *module(source)], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "interrupted\n"
    assert process.returncode == 0


def test_one_process_knows_nothing_of_another(python, module, tmp_path):
    source = (
        "import os, re\nprint(hasattr(re, 'mark'), 'MARK' in os.environ)\nre.mark = os.environ['MARK'] = '1'"
    )
    line = [python, *module(source)]
    outputs = [subprocess.run(line, cwd=tmp_path, capture_output=True, text=True).stdout for _ in range(2)]
    assert outputs == ["False False\n"] * 2


def test_it_leaves_the_folder_out_of_the_path_where_it_is_told_to(python, module, tmp_path):
    (tmp_path / "module_of_a_test.py").write_text("", encoding="utf-8")
    command = [python, "-P", "-c", "import module_of_a_test"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr.endswith("No module named 'module_of_a_test'\n")


def test_files_that_are_passed_to_it_have_their_numbers(python, module, tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b"line\n")
    os.close(writing)
    high = fcntl.fcntl(reading, fcntl.F_DUPFD, 77)
    command = [python, "-c", f"import os; print(os.read({high}, 9))"]
    done = subprocess.run(command, capture_output=True, text=True, pass_fds=(high,))
    os.close(reading)
    os.close(high)
    assert done.stdout == "b'line\\n'\n"
