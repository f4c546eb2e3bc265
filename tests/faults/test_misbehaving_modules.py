"""A module that misbehaves costs its own row: the others' are there, with their figures and without a flag."""

import csv
import os
import re
from collections import Counter
from typing import NamedTuple

import pytest

from tests.conftest import run_attnprof


class Row(NamedTuple):
    """What a module does, and what its row says."""

    body: str  # of its forward, on real tensors
    status: str = "ok"
    reason: str = ""  # a pattern
    flag: str = ""
    init: str = "pass"  # what its constructor does, too


FORGE = """
import gc
gc.unfreeze()
connection = next(each for each in gc.get_objects() if type(each).__name__ == "Connection")
connection.send(b'{"event":"failed","key":"nobody","status":"failed","reason":"because","new":1}\\n')
"""
# What takes a worker along. Those that end it come first: what was measured beside them is measured again.
FAULTS = {
    "Sleeps": Row(
        "os.fork() or os.setsid(); time.sleep(30)", "timeout", "no answer within 3 s; the worker was stopped"
    ),
    "ClosesAndSleeps": Row("os.closerange(0, 256); time.sleep(600)", "timeout", "no answer within 3 s"),
    "DiesOf40": Row("os.kill(os.getpid(), 40)", "crashed", "the worker was killed by signal 40"),
    "Stops": Row("os.kill(os.getpid(), signal.SIGSTOP)", "timeout", "no answer within 3 s"),
    "Exits": Row("sys.exit(0)", "crashed", "the worker ended with exit code 0"),
    "Surrogate": Row("raise ValueError('caf\\udce9')", "failed", re.escape(r"ValueError: caf\udce9")),
    "Escapes": Row("raise ValueError('a\\x1b[31mb')", "failed", re.escape(r"ValueError: a\x1b[31mb")),
    "Forges": Row(FORGE, "crashed", "the worker answered what cannot be, .*: a failure of another case"),
    "Forks": Row("os.fork()"),
    "ForksByC": Row("self.calls or ctypes.CDLL(None).fork()"),
    "Scribbles": Row("for number in range(3, 256): scribble(number)"),
    "Closes": Row("os.closerange(3, 256)"),
    "Floods": Row("self.calls or [os.write(2, b'x' * 2**20) for _ in range(60)]"),
}
SETTINGS, PROCESS = "changes-settings", "changes-process"
# What would change the figures of others.
CHANGES = {
    "PatchesTorch": Row("torch.sigmoid = torch.relu", flag=PROCESS),
    "PatchesPython": Row("time.perf_counter = json.dumps = lambda *more, **named: 0.0", flag=PROCESS),
    "LeavesThread": Row(
        "self.calls or threading.Thread(target=time.sleep, args=[30], daemon=True).start()", flag=PROCESS
    ),
    "LeavesProcess": Row("self.calls or subprocess.Popen(['sleep', '30'])", flag=PROCESS),
    "Threads": Row("torch.set_num_threads(2)", flag=SETTINGS),
    "DefaultDtype": Row("torch.set_default_dtype(torch.float64)", flag=SETTINGS),
    "DefaultDevice": Row("torch.set_default_device('meta')", flag=SETTINGS),
    "GradMode": Row("pass", flag=SETTINGS, init="torch.set_grad_enabled(False)"),
    "Autocast": Row("torch.set_autocast_enabled('cpu', True)", flag=SETTINGS),
    "Deterministic": Row("torch.use_deterministic_algorithms(True)", flag=SETTINGS),
    "Anomaly": Row("torch.autograd.set_detect_anomaly(True)", flag=SETTINGS),
    "Precision": Row("torch.set_float32_matmul_precision('medium')", flag=SETTINGS),
    "Denormal": Row("torch.set_flush_denormal(True)", flag=SETTINGS),
    "Recursion": Row("sys.setrecursionlimit(5000)", flag=SETTINGS),
    "Folder": Row("os.chdir('/')", flag=SETTINGS),
    "Variables": Row("os.environ['SOME_VARIABLE'] = 'theirs'", flag=SETTINGS),
    "Handlers": Row("signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.alarm(60)", flag=SETTINGS),
    "Filters": Row("warnings.simplefilter('error')", flag=SETTINGS),
    "Collector": Row("gc.set_threshold(1)", flag=SETTINGS),
    "Hooks": Row("self.calls or torch.nn.modules.module.register_module_forward_hook(print)", flag=SETTINGS),
    "Outputs": Row("self.calls or os.close(1); sys.stdout = None", flag=SETTINGS),
    "Path": Row("sys.path.insert(0, '/theirs')", flag=SETTINGS),
    "Writes": Row("x.mul_(2)", flag="changes-input"),
    "WritesQuietly": Row("x.data.add_(1)", flag="changes-input"),
    "OtherShape": Row("return x[:, :1]", flag="other-shape"),
    "OtherDtype": Row("return x.double()", flag="other-dtype"),
    "NotFinite": Row("return x / 0", flag="not-finite"),
    "NotRepeatable": Row("self.calls += 1; return x * self.calls", flag="not-repeatable"),
    "Mute": Row("raise LookupError", "failed", r"LookupError: strangers.py:\d+: raise LookupError"),
    "MuteItself": Row("raise Wordless", "failed", r"Wordless: strangers.py:\d+: raise Wordless"),
}
# It fails where it does not meet what it would meet alone.
PROBE = """
assert torch.get_num_threads() == 1 and torch.get_default_dtype() == torch.float32
assert torch.ones(1).device.type == "cpu" and not torch.is_autocast_enabled("cpu")
assert not torch.are_deterministic_algorithms_enabled() and not torch.is_anomaly_enabled()
assert torch.get_float32_matmul_precision() == "highest"
assert sys.getrecursionlimit() == 1000 and os.getcwd() != "/" and sys.path[0] != "/theirs"
assert "SOME_VARIABLE" not in os.environ and gc.get_threshold()[0] > 1
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL and signal.getitimer(signal.ITIMER_REAL)[0] == 0
assert warnings.filters[0][0] != "error" and sys.stdout and os.fstat(1)
assert torch.sigmoid and time.perf_counter() and json.dumps(1) == "1"
assert x.abs().max() < 10
"""
SOURCE = """
import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress

import torch


class Wordless(Exception):
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
        {init}

    def forward(self, x):
        if not x.is_meta:
{body}
            self.calls += 1
        return x * 2

"""
PROBES = ("se", "none", "strangers.py:Probe")


def source(rows):
    """A file of all modules of a table, and of one that looks for traces of them."""
    classes = [
        CLASS.format(name=name, init=row.init, body=indented(row.body))
        for name, row in {**rows, "Probe": Row(PROBE)}.items()
    ]
    return SOURCE + "".join(classes)


def indented(body):
    return "\n".join(" " * 12 + line for line in body.strip("\n").splitlines())


def run_with_probes(modules, folder, python):
    """What a run of the ``modules`` beside the probes printed, and its rows by module."""
    (folder / "strangers.py").write_text(source(modules), encoding="utf-8")
    names = ",".join([*(f"strangers.py:{name}" for name in modules), *PROBES])
    options = (
        "--hot --points 16@8 --counters none --metrics params,macs,latency,peak_memory --format csv -o out"
    )
    limits = "--threads 1 --timeout 3s --time-budget none --quality quick --precision 50%"
    options = *options.split(), *limits.split()
    done = run_attnprof(python, "run", "-m", names, *options, cwd=folder, timeout=900)
    assert done.stdout, done.stderr
    return done, list(csv.DictReader(done.stdout.splitlines()))


# Most need a worker of their own, or several: the suite runs these, and ``make campaign`` all.
SAMPLE = frozenset(
    ("ClosesAndSleeps", "Exits", "Forges", "Forks", "Scribbles", "Surrogate")
    + ("PatchesPython", "Threads", "Writes", "OtherShape", "NotRepeatable", "Mute")
)
IS_CAMPAIGN = bool(os.environ.get("CAMPAIGN"))
TABLES = {
    table: {name: row for name, row in rows.items() if IS_CAMPAIGN or name in SAMPLE}
    for table, rows in {"faults": FAULTS, "changes": CHANGES}.items()
}


@pytest.fixture(scope="module")
def faults(tmp_path_factory, interpreter):
    return run_with_probes(TABLES["faults"], tmp_path_factory.mktemp("faults"), interpreter)


@pytest.fixture(scope="module")
def changes(tmp_path_factory, interpreter):
    return run_with_probes(TABLES["changes"], tmp_path_factory.mktemp("changes"), interpreter)


ROWS = [(table, name) for table, modules in TABLES.items() for name in modules]


def test_the_sample_is_of_the_tables():
    assert {*FAULTS, *CHANGES} >= SAMPLE


def row_of(run, module):
    return next(row for row in run[1] if row["module"] == module)


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_every_module_has_exactly_one_row(request, table):
    done, rows = request.getfixturevalue(table)
    modules = [*(f"strangers.py:{name}" for name in TABLES[table]), *PROBES]
    assert Counter(row["module"] for row in rows) == dict.fromkeys(modules, 1)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("table", "name"), ROWS)
def test_what_a_module_does_is_told_in_its_row(request, table, name):
    row, expected = row_of(request.getfixturevalue(table), f"strangers.py:{name}"), TABLES[table][name]
    assert row["status"] == expected.status, row["reason"]
    assert re.match(expected.reason, row["reason"]), row["reason"]
    assert (row["latency_s"] != "") == (row["status"] == "ok")
    if expected.flag:
        assert expected.flag in row["flags"].split()


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", PROBES)
def test_the_rows_of_the_others_are_as_if_they_were_alone(request, table, name):
    row = row_of(request.getfixturevalue(table), name)
    assert (row["status"], row["reason"]) == ("ok", "")
    assert 0 < float(row["latency_s"]) < 1
    assert (row["params"], row["macs"]) == (("32", "32") if name == "se" else ("0", "0"))
    assert not set(row["flags"].split()) & {change.flag for change in CHANGES.values()}
