"""What tests share: the command line in a process of its own, and plug-in packages made on the spot."""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path

# Before torch is imported, and for every process that a test starts: pytest keeps all cores busy already, and
# threads that wait for each other burn the time that they wait.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TORCHINDUCTOR_COMPILE_THREADS"):
    os.environ.setdefault(_variable, "1")

# The settings of whoever runs the tests are none of theirs: there is no file in this folder.
os.environ["XDG_CONFIG_HOME"] = str(Path(__file__).parent / "no-settings")

# A shell's background job ignores SIGINT, one of nohup's SIGHUP, and so would all that they start: no test of a
# signal could end. What is handled here, were it by doing nothing, a program that is started has as it comes.
HANDLERS = {"SIGINT": signal.default_int_handler, "SIGHUP": lambda number, frame: None}
if threading.current_thread() is threading.main_thread():
    for _name, _handler in HANDLERS.items():
        _number = getattr(signal, _name, None)  # not every system has SIGHUP
        if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
            signal.signal(_number, _handler)

import pytest  # noqa: E402 # behind what its plugins would import

from tests import warm  # noqa: E402

# Files whose fixtures start real runs, or a browser: each group's tests run in one process, so that once is
# enough.
TOGETHER = {
    "tests/backends/test_plugged_device.py": "plugged",
    "tests/cli/test_manners.py": "measured",
    "tests/cli/test_resume.py": "resume",
    "tests/faults/test_misbehaving_modules.py": "strangers",
    "tests/report/test_browser.py": "browser",
    "tests/test_contributing.py": "contributed",
    "tests/test_plugins.py": "plug-in",
    "tests/running/test_run.py": "faults",
}
ENTRY = {
    "class": "Plug",
    "name": "a plug-in",
    "paper": None,
    "family": "floor",
    "place": "after",
    "params": "0",
    "macs": "0",
}
MODULE = '''"""A module for tests."""

import os
import signal
import time
from pathlib import Path

import torch
from torch import nn

ENTRY = {entry!r}


class Plug(nn.Module):
    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
{body}
        return x
'''


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Deal out tests one by one but for the groups. The marks of pytest-xdist 3.8 for that do nothing under
    pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class InGroups(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return TOGETHER.get(nodeid.partition("::")[0], nodeid)

    return InGroups(config, log)


def pytest_collection_finish():
    """Spare the collector what stays until the end, torch and sympy above all: it would walk through it again
    and again."""
    if "torch" in sys.modules:
        from attnprof.worker.settings import HEAP  # which imports it

        HEAP.freeze()
    gc.set_threshold(50_000, 20, 50)


def clean_environment(changes: Mapping[str, str | None] = {}) -> dict[str, str]:
    """This process's environment without what would change how attnprof behaves; with ``changes``."""
    ours = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PYTHONSTARTUP")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ATTNPROF_") and k not in ours}
    paths = [path for path in (changes.get("PYTHONPATH"), kept.get("PYTHONPATH")) if path]
    merged = {**kept, "TERM": "xterm", **changes, "PYTHONPATH": os.pathsep.join(paths) or None}
    return {k: v for k, v in merged.items() if v is not None}


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory):
    """The path of a Python that has imported torch already. It takes ``-m MODULE`` and ``-c CODE``."""
    with warm.install(tmp_path_factory.mktemp("warm")) as path:
        yield path


@pytest.fixture(scope="session", autouse=True)
def warm_children(interpreter):
    """Workers of this process, and the children that import users' files, start at once."""
    from attnprof.catalogue import importer  # behind the variables above
    from attnprof.running import client

    for starter in (client, importer):
        starter.COMMAND = (interpreter, *starter.COMMAND[1:])


@pytest.fixture(scope="session")
def command(interpreter):
    """Run ``attnprof`` in a process of its own, and wait for its end."""
    return partial(run_attnprof, interpreter)


@pytest.fixture(scope="session")
def cold_command():
    """The same as a user starts it: it and its workers import what they need."""
    return partial(run_attnprof, sys.executable)


def run_attnprof(python, *arguments, cwd, env=None, **more):
    """What ``attnprof`` did in a process of its own, with the executable ``python``."""
    options = {"capture_output": True, "text": True, "timeout": 300, **more}
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    line = [python, "-m", "attnprof", *map(str, arguments)]
    return subprocess.run(line, cwd=cwd, env=clean_environment(env or {}), **options)


@pytest.fixture(scope="session")
def start(interpreter):
    """Start ``attnprof`` in a process of its own, as the caller's to talk to and to end."""

    def begin(*arguments, cwd, env=None, **more):
        return subprocess.Popen(
            [interpreter, "-m", "attnprof", *arguments],
            cwd=cwd, env=clean_environment(env or {}), stdin=subprocess.DEVNULL, text=True, **more,
        )  # fmt: skip

    return begin


@pytest.fixture
def stub_runtimes(monkeypatch):
    """The runtimes 'stub', which computes with torch, and 'reader', which reads what an exporter wrote."""
    from attnprof.runtimes import RUNTIMES

    for name in ("stub", "reader"):
        monkeypatch.setitem(RUNTIMES._files, name, f"tests.runtimes.{name}")


@pytest.fixture(scope="session")
def plugin_package():
    """Lay an installed package into ``folder``: {group: {name: source of the one file}}. Returns its
    environment."""

    def make(folder: Path, groups: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        about = folder / "attnprof_test_plugin-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: attnprof-test-plugin\nVersion: 1.0\n")
        lines = []
        for group, entries in groups.items():
            lines.append(f"[{group}]")
            for name, source in entries.items():
                file = f"attnprof_test_{group.rpartition('.')[2]}_{name}"
                (folder / f"{file}.py").write_text(source, encoding="utf-8")
                lines.append(f"{name} = {file}")
        (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
        return {"PYTHONPATH": str(folder)}

    return make


@pytest.fixture(scope="session")
def module_source():
    """The file of a module that returns its input after the statements ``body``."""

    def source(body: str = "pass", **entry) -> str:
        indented = "\n".join(f"        {line}" for line in body.splitlines())
        return MODULE.format(entry={**ENTRY, **entry}, body=indented)

    return source
