"""A module that misbehaves costs its own row: the others' are there, with their figures and without a flag."""

import csv
import re
from collections import Counter
from typing import NamedTuple

import pytest


class Row(NamedTuple):
    """What the row of a misbehaving module says."""

    body: str  # of its forward, on real tensors
    status: str = "ok"
    reason: str = ""  # a pattern


FORGE = """
import gc
gc.unfreeze()
connection = next(each for each in gc.get_objects() if type(each).__name__ == "Connection")
connection.send(b'{"event":"failed","key":"nobody","status":"failed","reason":"because","new":1}\\n')
"""
# name -> what it does to its worker, and the row that it costs
MODULES = {
    "Forks": Row("os.fork()"),
    "ForksByC": Row("self.calls or ctypes.CDLL(None).fork()"),
    "Sleeps": Row(
        "os.fork() or os.setsid(); time.sleep(30)",
        "timeout",
        "no answer within 3 s; the worker was stopped",
    ),
    "Scribbles": Row("for number in range(3, 256):\n    scribble(number)"),
    "Closes": Row("os.closerange(3, 256)"),
    "ClosesAndSleeps": Row("os.closerange(0, 256); time.sleep(600)", "timeout", "no answer within 3 s"),
    "DiesOf40": Row("os.kill(os.getpid(), 40)", "crashed", "the worker was killed by signal 40"),
    "Stops": Row("os.kill(os.getpid(), signal.SIGSTOP)", "timeout", "no answer within 3 s"),
    "Exits": Row("sys.exit(0)", "crashed", "the worker ended with exit code 0"),
    "Surrogate": Row("raise ValueError('caf\\udce9')", "failed", re.escape(r"ValueError: caf\udce9")),
    "Escapes": Row("raise ValueError('a\\x1b[31mb')", "failed", re.escape(r"ValueError: a\x1b[31mb")),
    "Speechless": Row("raise Mute", "failed", "Mute: "),
    "Forges": Row(FORGE, "crashed", "the worker answered what cannot be, .*: a failure of another case"),
    "Floods": Row("self.calls or [os.write(2, b'x' * 2**20) for _ in range(400)]"),
}
SOURCE = """
import ctypes
import os
import signal
import sys
import time
from contextlib import suppress

import torch


class Mute(Exception):
    def __str__(self):
        raise ValueError


def scribble(number):
    with suppress(OSError):
        os.write(number, b"stray\\n")

"""
CLASS = """
class {name}(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        if not x.is_meta:
{body}
            self.calls += 1
        return x * 2

"""
PROBES = ("se", "none", "strangers.py:Probe")


def source():
    """A file of all modules of the table, and of one that does nothing."""
    bodies = {name: row.body for name, row in MODULES.items()} | {"Probe": "pass"}
    classes = [CLASS.format(name=name, body=indented(body)) for name, body in bodies.items()]
    return SOURCE + "".join(classes)


def indented(body):
    return "\n".join(" " * 12 + line for line in body.strip("\n").splitlines())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where their file lies."""
    folder = tmp_path_factory.mktemp("strangers")
    (folder / "strangers.py").write_text(source(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(folder, command):
    names = ",".join([*(f"strangers.py:{name}" for name in MODULES), *PROBES])
    options = "--points 16@8 --counters none --metrics params,macs,latency,peak_memory --format csv -o out"
    limits = "--timeout 3s --time-budget none --quality quick --precision 50%"
    return command("run", "-m", names, *options.split(), *limits.split(), cwd=folder)


@pytest.fixture(scope="module")
def rows(run):
    assert run.stdout, run.stderr
    return list(csv.DictReader(run.stdout.splitlines()))


def row_of(rows, module):
    return next(row for row in rows if row["module"] == module)


@pytest.mark.slow
def test_every_module_has_exactly_one_row(run, rows):
    modules = [*(f"strangers.py:{name}" for name in MODULES), *PROBES]
    assert Counter(row["module"] for row in rows) == dict.fromkeys(modules, 1)
    assert run.returncode == 3
    assert "Traceback" not in run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_does_is_told_in_its_row(rows, name):
    row = row_of(rows, f"strangers.py:{name}")
    assert row["status"] == MODULES[name].status
    assert re.match(MODULES[name].reason, row["reason"]), row["reason"]
    assert (row["latency_s"] != "") == (row["status"] == "ok")


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBES)
def test_the_rows_of_the_others_are_as_if_they_were_alone(rows, name):
    row = row_of(rows, name)
    assert (row["status"], row["reason"]) == ("ok", "")
    assert 0 < float(row["latency_s"]) < 1e-2
