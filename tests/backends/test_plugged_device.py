"""A device that is not ours: one file with the contract's class, asked for by its name. It has a clock of its
own, tells its state, and has every trouble that a device can have."""

import csv
import json
from collections import Counter

import pytest

pytestmark = pytest.mark.slow

DEVICE = """
import time

from attnprof.backends import Burst, Condition, Sample
from attnprof.backends.cpu import CPU


class Kernels:
    captured = False
    note = ""

    def __init__(self, call):
        self.call = call

    def sample(self):
        self.call()
        return Burst(1e-5, 3e-5)


class Plugged(CPU):
    asked = 0

    def describe(self, index):
        return {**super().describe(index), "device_name": f"plugged {index}", "device_memory_bytes": 2**31}

    def others(self):
        return "3 other processes compute on it (90 % busy); wait, or --allow-busy"

    def cache_bytes(self):
        return 2**20

    def kernels(self, call, calls):
        return Kernels(call)

    def condition(self):
        self.asked += 1
        return Condition(1e9, throttled=self.asked % 3 == 0, capped=self.asked % 2 == 0, celsius=50.0)


BACKEND = Plugged()
"""
BUSY = "error: plugged:1: 3 other processes compute on it (90 % busy); wait, or --allow-busy\n"
ASKED = "run -m none,se --points 16@8 --device plugged:1 --counters none --format csv -o out"
# Of the time budget the peaks get their part; measuring is done when it is precise enough.
ASKED += " --quality quick --time-budget 60s --precision 50%"


@pytest.fixture(scope="module")
def plugged(tmp_path_factory, plugin_package):
    return plugin_package(tmp_path_factory.mktemp("plugged"), {"attnprof.backends": {"plugged": DEVICE}})


@pytest.fixture(scope="module")
def measured(plugged, command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    done = command(*ASKED.split(), "--allow-busy", cwd=folder, env=plugged)
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(done.stdout.splitlines())), folder / "out"


def test_a_device_on_which_others_compute_is_refused_unless_told_otherwise(plugged, command, tmp_path):
    done = command(*ASKED.split(), cwd=tmp_path, env=plugged)
    assert (done.returncode, done.stdout, done.stderr) == (4, "", BUSY)


def test_it_is_measured_by_its_own_clock_and_by_the_hosts(measured):
    rows, _ = measured
    assert {row["device_name"] for row in rows} == {"plugged 1"}
    assert {(row["device_time_s"], row["back_to_back_s"]) for row in rows} == {("1e-05", "3e-05")}
    assert all(float(row["latency_s"]) > 0 for row in rows)


def test_its_state_is_said_where_it_disturbs(measured):
    rows, _ = measured
    assert all("launch-bound" in row["flags"] for row in rows)
    assert any("throttled" in row["flags"] for row in rows)
    assert any("power-capped" in row["flags"] for row in rows)


def test_its_peaks_are_kept_with_the_run(measured):
    _, folder = measured
    found = json.loads((folder / "environment.json").read_text())["peaks"]
    assert found["clock"] == 1e9
    assert found["cache"] == 2**20


def test_a_visit_carries_the_state_it_was_made_in(measured):
    _, folder = measured
    visits = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    states = [event["device"] for event in visits if event["event"] == "visit"]
    assert Counter(state["celsius"] for state in states) == {50.0: 2}
    assert all(state["clock"] == 1e9 for state in states)
    assert sum(state["throttled"] for state in states) > 0
