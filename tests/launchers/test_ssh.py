"""Lanes through ssh, by a stand-in that does what the program does: a shell with an environment and a working
directory of its own, and its exit code."""

import json
import os
import sys

import pytest

from attnprof.cli._main import main
from attnprof.errors import UsageError
from attnprof.launchers import Demand, Start, lanes_of
from attnprof.launchers._child import RemoteChild
from attnprof.launchers.ssh import command
from tests.pages import ROOT

META, GPU = Demand("meta", 1), Demand("cuda", 1)
STAND_IN = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
case "$2" in absent) echo "ssh: Could not resolve hostname absent" >&2; exit 255;; esac
mkdir -p "{folder}/$2"; cd "{folder}/$2"
echo "Welcome to $2"
shift 2
exec env -i PATH="$PATH" HOME="$PWD" PYTHONPATH="{root}" PYTHONDONTWRITEBYTECODE=1 sh -c "$*"
"""
MODULE = "from torch import nn\n\n\ndef gate(channels):\n    return nn.Conv2d(channels, channels, 1)\n"


@pytest.fixture
def hosts(tmp_path, monkeypatch, interpreter):
    """The folder in which each host has its own, and this process is in one, too."""
    (tmp_path / "ssh").write_text(STAND_IN.format(folder=tmp_path, root=ROOT))
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("ATTNPROF_PYTHON", interpreter)
    (tmp_path / "driver").mkdir()
    monkeypatch.chdir(tmp_path / "driver")
    return tmp_path


@pytest.mark.parametrize(
    ("address", "demand", "names", "devices"),
    [
        ("a,me@b.example", META, ["a", "me@b.example"], ["", ""]),
        ("a:0,a:1", GPU, ["a:0", "a:1"], ["cuda:0", "cuda:1"]),
        ("a:0,a:1", META, ["a:0", "a:1"], ["", ""]),
    ],
)
def test_there_is_a_lane_for_each_host_or_for_each_gpu(hosts, address, demand, names, devices):
    lanes = lanes_of(f"ssh:{address}", demand)
    assert [lane.name for lane in lanes] == names
    assert [lane.device for lane in lanes] == devices
    assert all(lane.is_remote for lane in lanes)


@pytest.mark.parametrize("address", ["", "a,a", "-oProxyCommand=touch", "a b", "a:x", "a;touch b"])
def test_what_is_no_host_is_refused_and_nothing_is_started(hosts, address):
    with pytest.raises(UsageError, match="--on ssh"):
        lanes_of(f"ssh:{address}", META)


def test_variables_reach_the_other_machine_whatever_is_in_them(monkeypatch):
    monkeypatch.setenv("ATTNPROF_PYTHON", "/no such/python")
    text = command(Start((), {"A": "x y'z"}, b""))
    assert text.startswith("sh -c ")
    assert "x y" in text
    assert "-P -m attnprof.worker" in text


@pytest.mark.parametrize(("code", "ending"), [(0, 0), (3, 3), (137, -9), (143, -15), (255, 255)])
def test_the_shell_there_tells_which_signal_ended_the_worker(code, ending):
    program = f"import sys; print('Welcome'); print('mine one', flush=True); sys.exit({code})"
    child = RemoteChild([sys.executable, "-S", "-c", program], dict(os.environ), b"mine ")
    try:
        assert child.line(30) == b"mine one\n"  # the greeting is passed over
        assert child.line(30) == b""
        assert child.exit_code() == ending
    finally:
        child.kill()


@pytest.mark.slow
def test_a_run_on_two_hosts_takes_the_users_file_along_and_refuses_a_host_that_is_absent(hosts, capsys):
    (hosts / "driver" / "my.py").write_text(MODULE)
    asked = "-m se,my.py:gate --channels 16,32 --res 8 --no-latency --counters none --format csv -o out"
    assert main(["run", *asked.split(), "--on", "ssh:one,absent,two"]) == 0
    shown = capsys.readouterr()
    assert "absent is refused" in shown.err
    assert "Could not resolve hostname absent" in shown.err
    rows = [line.split(",") for line in shown.out.splitlines()]
    assert len(rows) == 1 + 4
    environment = json.loads((hosts / "driver" / "out" / "environment.json").read_text())
    assert set(environment["lanes"]) == {"one", "two"}
    assert list((hosts / "one" / ".cache" / "attnprof" / "files").glob("*/my.py"))
