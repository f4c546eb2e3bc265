"""A module, a metric, a format, a device, a counter and a command are each one new file, and no edit elsewhere."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

import attnprof

METRIC = '''"""Twice the parameters."""

from attnprof.metrics import Metric
from attnprof.records.record import Measurement

METRIC = Metric(
    unit="count", help="Twice the parameters", title="twice", needs="account",
    follows=lambda found: Measurement("twice_params", 2 * found.account.params, "count"),
)
'''
FORMAT = '''"""One word per row."""

from attnprof.formats import Format, Written


def write(document, look):
    records = document.table_records()
    return Written(" ".join(f"{row['module']}={row['twice_params']}" for row in records), ("a note",))


FORMAT = Format(help="one word per row", write=write)
'''
BACKEND = '''"""The CPU under another name."""

from attnprof.backends import cpu


class Bench(cpu.CPU):
    def describe(self, index):
        return {**super().describe(index), "device_name": f"test bench {index}"}

    def cache_bytes(self):
        return 2**20  # so that seeking its peaks takes no time


BACKEND = Bench()
'''
COUNTER = '''"""A counter that always counts 7."""

from attnprof.counters import Counter

COUNTER = Counter(count=lambda module, x: 7, computes=False)
'''
COUNTER_METRIC = '''"""What the seven counter counts."""

from attnprof.metrics import Metric
from attnprof.records.record import Measurement

METRIC = Metric(
    unit="count", help="Seven", title="seven", needs="counters", counter="seven",
    follows=lambda found: Measurement("seven_macs", found.counters["seven"], "count"),
)
'''
COMMAND = '''"""Greet whoever asks."""

import click

COMMAND = click.Command("greet", callback=lambda: click.echo("good day"), help="Greet.")
'''


@pytest.fixture(scope="module")
def installed(tmp_path_factory, plugin_package, module_source):
    return plugin_package(
        tmp_path_factory.mktemp("plugins"),
        {
            "attnprof.modules": {"plug": module_source(name="the plug", aliases=["plugged"])},
            "attnprof.metrics": {"twice_params": METRIC, "seven_macs": COUNTER_METRIC},
            "attnprof.formats": {"words": FORMAT},
            "attnprof.backends": {"bench": BACKEND},
            "attnprof.counters": {"seven": COUNTER},
            "attnprof.cli": {"greet": COMMAND},
        },
    )


@pytest.fixture(scope="module")
def run(installed, tmp_path_factory, command):
    folder = tmp_path_factory.mktemp("plugged")
    asked = ["-m", "plug,se", "--channels", "16", "--res", "8", "--time-budget", "1s", "-o", "out"]
    more = ["--device", "bench:1", "--counters", "seven", "--format", "words"]
    done = command("run", *asked, *more, cwd=folder, env=installed)
    assert done.returncode == 0, done.stderr
    with open(folder / "out" / "results.csv", newline="", encoding="utf-8") as file:
        rows = {row["module"]: row for row in csv.DictReader(file)}
    return done, rows, json.loads((folder / "out" / "environment.json").read_text())


def test_a_module_of_a_plug_in_is_measured_like_any_other(run):
    _, rows, _ = run
    assert rows["plug"]["status"] == "ok"
    assert float(rows["plug"]["latency_s"]) > 0
    assert (rows["plug"]["family"], rows["plug"]["macs"]) == ("floor", "0")


def test_a_metric_of_a_plug_in_is_a_column_after_the_frozen_header(run):
    _, rows, _ = run
    assert {name: row["twice_params"] for name, row in rows.items()} == {"plug": "0", "se": "64"}
    assert list(rows["se"]).index("twice_params") > list(rows["se"]).index("device_name")


def test_a_format_of_a_plug_in_prints_the_run_and_its_notes_go_to_stderr(run):
    done, _, _ = run
    assert done.stdout == "plug=0 se=64\n"
    assert "a note" in done.stderr


def test_a_device_of_a_plug_in_is_measured_on(run):
    _, rows, environment = run
    assert {row["device"] for row in rows.values()} == {"bench:1"}
    assert {row["device_name"] for row in rows.values()} == {"test bench 1"} == {environment["device_name"]}


def test_a_counter_of_a_plug_in_is_asked(run):
    _, rows, _ = run
    assert {row["seven_macs"] for row in rows.values()} == {"7"}
    assert {row["thop_macs"] for row in rows.values()} == {""}


def test_what_a_plug_in_adds_is_listed_and_offered(installed, tmp_path, command):
    assert "\nplug " in command("list", cwd=tmp_path, env=installed).stdout
    assert "the plug" in command("show", "plug", cwd=tmp_path, env=installed).stdout
    assert command("greet", cwd=tmp_path, env=installed).stdout == "good day\n"
    wrong = ["count", "-m", "plugged", "--format", "wordz", "--metrics", "twice_param", "--counters", "sevn"]
    said = command(*wrong, cwd=tmp_path, env=installed)
    assert said.returncode == 2
    for word in ("the plug is called 'plug'", "'words'", "'twice_params'", "'seven'"):
        assert word in said.stderr


def test_a_file_laid_into_a_folder_of_the_package_is_an_entry(tmp_path, module_source, command):
    # 'python -m' puts the current folder first: this copy of the package is the one that runs, in the worker too.
    package = tmp_path / "attnprof"
    shutil.copytree(Path(attnprof.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "modules" / "plug.py").write_text(module_source())
    (package / "metrics" / "twice_params.py").write_text(METRIC)
    (package / "formats" / "words.py").write_text(FORMAT)
    (package / "backends" / "bench.py").write_text(BACKEND)
    (package / "cli" / "greet.py").write_text(COMMAND)
    assert "\nplug " in command("list", cwd=tmp_path).stdout
    assert re.search(r"greet +Greet whoever asks[.]", command("--help", cwd=tmp_path).stdout)
    assert "text, words [text]" in " ".join(command("run", "--help", cwd=tmp_path).stdout.split())
    assert "auto, bench, cpu, cuda" in command("run", "--device", "benhc", cwd=tmp_path).stderr
    counted = command(
        *["count", "-m", "plug,se", "--points", "16@8", "--counters", "none", "--format", "words"],
        cwd=tmp_path,
    )
    assert (counted.stdout, counted.returncode) == ("plug=0 se=64\n", 0)


def test_a_plug_in_without_an_entry_is_one_line_and_no_traceback(tmp_path, plugin_package, command):
    broken = plugin_package(tmp_path / "broken", {"attnprof.modules": {"broken": "ENTRY = 1\n"}})
    listed = command("list", cwd=tmp_path, env=broken)
    assert "Traceback" not in listed.stderr
    assert "broken" in listed.stderr + listed.stdout
