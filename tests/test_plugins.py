"""A module, a metric, a format, a device, a counter and a command are each one new file, and no edit
elsewhere."""

import csv
import json
import re

import pytest

METRIC = '''"""Bytes of the parameters at 64 each."""

from attnprof.metrics import Metric, Reading

METRIC = Metric(
    kind="bytes", title="weights", help="Bytes of the parameters at 64 each", needs="account",
    compute=lambda findings: Reading(64 * findings.account.params), caption="weights: 64 bytes per parameter.",
)
'''
FORMAT = '''"""How many rows, and the headings."""

from attnprof.formats import Format, Written


def write(document, look):
    headings = "|".join(column.heading for column in document.columns)
    return Written(f"{len(document.rows)} rows: {headings}", ("a note",))


FORMAT = Format(help="how many rows, and the headings", write=write)
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
RUNTIME = '''"""Torch in inference mode."""

from attnprof.runtimes import Runtime


class Inferring:
    def __init__(self, module):
        self.module = module

    def __call__(self, x):
        import torch

        with torch.inference_mode():
            return self.module(x)

    output = __call__


def prepare(module, x, case):
    return Inferring(module)


RUNTIME = Runtime(title="inference mode", help="torch in inference mode", prepare=f"{__name__}:prepare")
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
            "attnprof.metrics": {"weights": METRIC},
            "attnprof.formats": {"words": FORMAT},
            "attnprof.backends": {"bench": BACKEND},
            "attnprof.counters": {"seven": COUNTER},
            "attnprof.runtimes": {"inferring": RUNTIME},
            "attnprof.cli": {"greet": COMMAND},
        },
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("plugged")


@pytest.fixture(scope="module")
def run(installed, folder, command):
    asked = "-m plug,se --channels 16 --res 8 --device bench:1 --runtime inferring --counters seven --format words -o out"
    # Of the time budget the counter gets its part; measuring is done when it is precise enough.
    limits = "--time-budget 60s --quality quick --precision 50%"
    done = command("run", *asked.split(), *limits.split(), cwd=folder, env=installed)
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
    assert {name: row["weights_bytes"] for name, row in rows.items()} == {"plug": "0", "se": "2048"}
    assert list(rows["se"]).index("weights_bytes") > list(rows["se"]).index("device_name")


def test_a_format_of_a_plug_in_prints_the_run_and_its_notes_go_to_stderr(run):
    done, _, _ = run
    assert done.stdout.startswith("2 rows: C|module|")
    assert "a note" in done.stderr


def test_a_device_of_a_plug_in_is_measured_on(run):
    _, rows, environment = run
    assert {row["device"] for row in rows.values()} == {"bench"}
    assert environment["device"] == "bench:1"
    assert {row["device_name"] for row in rows.values()} == {"test bench 1"} == {environment["device_name"]}


def test_a_counter_of_a_plug_in_is_asked(run):
    _, rows, _ = run
    assert {row["seven_macs"] for row in rows.values()} == {"7"}
    assert {row["thop_macs"] for row in rows.values()} == {""}


def test_a_runtime_of_a_plug_in_computes_and_is_recorded(run):
    _, rows, environment = run
    assert {row["execution"] for row in rows.values()} == {"inferring"}
    assert environment["runtimes"] == {"inferring": "1 thread"}


def shown(command, installed, folder, *arguments):
    done = command("table", "out", *arguments, cwd=folder, env=installed)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace("\u202f", " ")


def test_a_metric_of_a_plug_in_is_shown_as_a_built_in_one(run, installed, folder, command):
    text = shown(command, installed, folder)
    assert "2.00 KiB" in text
    assert "weights: 64 bytes per parameter." in text
    markdown = shown(command, installed, folder, "--format", "md", "--columns", "module,weights")
    assert markdown.startswith("| module | weights (KiB) |")
    assert "| se | 2.00 |" in markdown
    html = shown(command, installed, folder, "--format", "html", "--columns", "module,weights")
    assert "weights (KiB)" in html


def test_a_runtime_of_a_plug_in_is_in_the_caption(run, installed, folder, command):
    text = shown(command, installed, folder)
    assert "eval, inferring, " in text
    assert "inferring 1 thread" in text


def test_a_counter_of_a_plug_in_has_its_ratio_and_its_line_in_the_caption(run, installed, folder, command):
    text = shown(command, installed, folder)
    assert "seven: other tools' MACs / ours." in text
    assert re.search(r"^16 +se .* 0[.]219x ", text, re.MULTILINE)


@pytest.mark.parametrize(
    "arguments",
    [
        ("table", "out"),
        ("pick", "out", "--max-params", "1k"),
        ("list", "se"),
        ("explain", "se@16@8"),
        ("check", "spec.toml", "--max-params", "1k"),
        ("count", "-m", "se", "--points", "16@8"),
        ("diff", "out", "out"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_format_of_a_plug_in_works_in_every_command_that_prints_a_table(
    run, installed, folder, command, arguments
):
    (folder / "spec.toml").write_text('[grid]\nmodules = ["se"]\npoints = ["16@8"]\n')
    done = command(*arguments, "--format", "words", cwd=folder, env=installed)
    assert re.match(r"\d+ rows: ", done.stdout), done.stderr


def test_what_a_plug_in_adds_is_listed_and_offered(installed, tmp_path, command):
    assert "\nplug " in command("list", cwd=tmp_path, env=installed).stdout
    assert "the plug" in command("show", "plug", cwd=tmp_path, env=installed).stdout
    assert command("greet", cwd=tmp_path, env=installed).stdout == "good day\n"
    by_another_name = ["count", "-m", "plugged", "--points", "8@8", "--counters", "none"]
    assert "plug" in command(*by_another_name, cwd=tmp_path, env=installed).stdout.split()
    wrong = ["count", "-m", "plugg", "--format", "wordz", "--metrics", "weight", "--counters", "sevn"]
    said = command(*wrong, cwd=tmp_path, env=installed)
    assert said.returncode == 2
    for word in ("'plug'", "'words'", "'weights'", "'seven'"):
        assert word in said.stderr


def test_a_plug_in_without_an_entry_is_one_line_and_no_traceback(tmp_path, plugin_package, command):
    broken = plugin_package(tmp_path / "broken", {"attnprof.modules": {"broken": "ENTRY = 1\n"}})
    listed = command("list", cwd=tmp_path, env=broken)
    assert "Traceback" not in listed.stderr
    assert "broken" in listed.stderr + listed.stdout
