"""What not every system has is used in one folder, and the commands do without it: what cannot be had there is
blank with its reason."""

import ast
import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

import attnprof
from tests.cli.conftest import cli as cli
from tests.conftest import clean_environment

PACKAGE = Path(attnprof.__file__).parent
MODULES = {"resource", "fcntl", "pwd", "grp", "termios", "pty", "tty", "posix", "_posixsubprocess"}
# module -> names in it that Windows lacks
NAMES = {
    "os": {
        "fchmod", "fork", "forkpty", "getloadavg", "getpgid", "getpriority", "getsid", "getuid", "geteuid", "killpg",
        "mkfifo", "pidfd_open", "register_at_fork", "sched_getaffinity", "sched_setaffinity", "setpriority", "setsid",
        "sysconf", "WNOHANG",
    },
    "select": {"poll", "epoll"},
    "signal": {"SIGKILL", "SIGSTOP", "SIGHUP", "setitimer", "getitimer", "pthread_sigmask", "ITIMER_REAL"},
}  # fmt: skip
# Where a name is asked for before it is used, or where the system that lacks it never comes.
ASKED_FOR = {
    ("records/environment.py", "sched_getaffinity"),
    ("worker/connection.py", "register_at_fork"),
    ("worker/state.py", "WNOHANG"),  # children are known by /proc alone
    ("worker/state.py", "pidfd_open"),
}


def uses(path):
    """The names of NAMES and MODULES that a file uses."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in MODULES)
        if isinstance(node, ast.ImportFrom):
            yield from [node.module] if node.module in MODULES else []
            yield from (name.name for name in node.names if name.name in NAMES.get(node.module, ()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield from [node.attr] if node.attr in NAMES.get(node.value.id, ()) else []


def test_only_one_folder_uses_what_not_every_system_has():
    elsewhere = {
        (str(path.relative_to(PACKAGE)), name)
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "system"
        for name in uses(path)
    }
    assert elsewhere == ASKED_FOR


# sitecustomize.py of a Python that lacks, for attnprof, what Windows lacks. The standard library and torch keep theirs.
OTHER_SYSTEM = f"""
import builtins, io, os, pathlib, select, signal, sys
MODULES, NAMES = {MODULES!r}, {NAMES!r}
importing, opening = builtins.__import__, io.open

def import_elsewhere(name, globals=None, locals=None, fromlist=(), level=0):
    if name in MODULES and str((globals or {{}}).get("__name__", "")).startswith("attnprof"):
        raise ImportError(f"no module named {{name}} on this system")
    return importing(name, globals, locals, fromlist, level)

def is_ours():
    frame = sys._getframe(2)
    while frame and frame.f_globals.get("__name__") in ("pathlib", "os", "io"):
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__")).startswith("attnprof")

def open_elsewhere(file, *arguments, **options):
    if str(file).startswith(("/proc", "/sys")) and is_ours():
        raise FileNotFoundError(2, "No such file", str(file))
    return opening(file, *arguments, **options)

builtins.__import__ = import_elsewhere
pathlib.io.open = builtins.open = io.open = open_elsewhere
for name in ("getloadavg", "getpriority", "killpg", "sched_getaffinity", "setpriority", "pidfd_open"):
    delattr(os, name)
del select.poll
for name in ("getitimer", "setitimer", "pthread_sigmask", "ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF", "SIGHUP"):
    delattr(signal, name)
"""


@pytest.fixture
def elsewhere(tmp_path):
    """Run ``attnprof`` as on a system of that kind, its workers too."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(OTHER_SYSTEM)
    paths = os.pathsep.join([str(tmp_path / "site"), str(PACKAGE.parent)])

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "attnprof", *arguments],
            cwd=tmp_path, env=clean_environment({"PYTHONPATH": paths}), capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return run


@pytest.mark.slow
def test_a_run_there_counts_measures_and_says_what_is_blank(elsewhere, tmp_path):
    (tmp_path / "my.py").write_text(
        "from torch import nn\n\n\ndef gate(channels):\n    return nn.Conv2d(channels, channels, 1)\n"
    )
    words = "run -m se,eca,my.py:gate --points 16@8 --counters none --quality quick --time-budget 3s -o out"
    done = elsewhere(*words.split())
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "out" / "results.csv", encoding="utf-8", newline="") as file:
        rows = {row["module"]: row for row in csv.DictReader(file)}
    assert {name: (row["status"], row["params"]) for name, row in rows.items()} == {
        "se": ("ok", "32"),
        "eca": ("ok", "3"),
        "my.py:gate": ("ok", "272"),
    }
    assert all(float(row["latency_s"]) > 0 for row in rows.values())
    for command in (("table", "out"), ("pick", "out", "--max-params", "100"), ("report", "out"), ("doctor",)):
        shown = elsewhere(*command)
        assert shown.returncode == 0, (command, shown.stderr)
        assert "Traceback" not in shown.stderr


@pytest.mark.slow
def test_a_worker_that_hangs_there_is_ended(elsewhere, tmp_path):
    (tmp_path / "my.py").write_text("import time\n\n\ndef gate(channels):\n    time.sleep(600)\n")
    words = "run -m my.py:gate,se --points 16@8 --counters none --no-latency --timeout 3s --format csv -o out"
    done = elsewhere(*words.split())
    assert done.returncode == 3, done.stderr
    status = {row["module"]: row["status"] for row in csv.DictReader(done.stdout.splitlines())}
    assert status == {"my.py:gate": "timeout", "se": "ok"}


def test_a_folder_with_the_line_ends_of_windows_is_the_same_run(tmp_path, cli):
    cli("count", "-m", "se,eca", "--points", "16@8", "--counters", "none", "-o", "out")
    before = cli("table", "out", "--format", "csv").out
    for path in (tmp_path / "out").iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert cli("table", "out", "--format", "csv").out == before
    assert cli("table", "out/results.csv", "--format", "csv").out == before
    resumed = cli("run", "--resume", "out")
    assert resumed.code == 0, resumed.err


def test_a_folder_may_have_any_letters_in_its_name(tmp_path, cli):
    name = "Läufe (2) ß 模"
    assert cli("count", "-m", "se", "--points", "16@8", "--counters", "none", "-o", name).code == 0
    assert cli("table", name).code == 0
    assert (tmp_path / name / "results.csv").exists()
