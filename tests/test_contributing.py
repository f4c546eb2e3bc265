"""The examples of CONTRIBUTING.md, each laid at its path in a copy of the package, are shown and work."""

import csv
import importlib
import re
import shutil
from pathlib import Path

import pytest

import attnprof
from attnprof.registry import Registry
from tests.pages import ROOT

EXAMPLE = re.compile(r"```python\n# (attnprof/(\w+)/(\w+)[.]py)\n(.*?)```", re.DOTALL)
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FOLDERS = {file.parent.name for file in Path(attnprof.__file__).parent.glob("*/__init__.py")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """'python -m' puts the current folder first: the copy in this one is the package that runs."""
    folder = tmp_path_factory.mktemp("contributed")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(attnprof.__file__).parent, folder / "attnprof", ignore=ignored)
    for path, _, _, source in EXAMPLE.findall(PAGE):
        (folder / path).write_text(source, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def measured(folder, command):
    """A run with the module, the metric, the counter and the device of the examples."""
    asked = "-m double,se --points 16@8 --device bench --runtime inference --counters dense -o out"
    # Of the time budget the counter gets its part; measuring is done when it is precise enough.
    limits = "--time-budget 60s --quality quick --precision 50%"
    result = command("run", *asked.split(), *limits.split(), cwd=folder)
    assert result.returncode == 0, result.stderr
    with open(folder / "out" / "results.csv", newline="", encoding="utf-8") as file:
        return result.stdout, {row["module"]: row for row in csv.DictReader(file)}


def folders_of_registries():
    for folder in FOLDERS:
        package = importlib.import_module(f"attnprof.{folder}")
        registries = [value for value in vars(package).values() if isinstance(value, Registry)]
        if any(registry.package == package.__name__ for registry in registries):
            yield folder


def test_there_is_an_example_of_every_registry():
    assert {kind for _, kind, _, _ in EXAMPLE.findall(PAGE)} == {*folders_of_registries(), "modules"}


def test_the_module_is_listed_and_measured(measured, folder, command):
    _, rows = measured
    assert "doubling" in command("list", "double", cwd=folder).stdout
    assert rows["double"]["status"] == "ok"


def test_the_metric_in_bytes_is_printed_in_a_unit_and_has_its_line_in_the_caption(measured):
    text, rows = measured
    assert rows["se"]["weight_memory_bytes"] == "128"
    assert "128 B" in text
    assert "weights: bytes of the parameters in fp32." in text


def test_the_counter_has_its_ratio_and_its_line_in_the_caption(measured):
    text, rows = measured
    assert rows["se"]["dense_macs"] == str(32 * 64)
    assert "64.0x" in text
    assert "dense: " in text


def test_the_device_is_measured_on(measured):
    _, rows = measured
    assert {row["device_name"] for row in rows.values()} == {"test bench 0"}


def test_the_runtime_computes(measured):
    text, rows = measured
    assert {row["execution"] for row in rows.values()} == {"inference"}
    assert "inference 1 thread" in text


@pytest.mark.usefixtures("measured")
def test_the_format_prints_every_commands_table(folder, command):
    table = command("table", "out", "--format", "tsv", "--columns", "module,macs", cwd=folder)
    rows = [line.split("\t")[:2] for line in table.stdout.splitlines()]  # a note may follow
    assert rows == [["module", "MACs"], ["double", "0"], ["se", "32"]], table.stderr
    assert "\t32\t" in command("pick", "out", "--format", "tsv", "--rank", "params", cwd=folder).stdout
    assert "doubling\t" in command("list", "double", "--format", "tsv", cwd=folder).stdout


def test_the_format_and_the_device_are_offered(folder, command):
    assert "text, tsv [text]" in " ".join(command("run", "--help", cwd=folder).stdout.split())
    assert "auto, bench, cpu, cuda" in command("run", "--device", "benhc", cwd=folder).stderr


def test_the_module_is_counted(folder, command):
    asked = "count -m double,se --points 16@8 --counters none --format tsv"
    counted = command(*asked.split(), cwd=folder)
    assert (len(counted.stdout.splitlines()), counted.returncode) == (3, 0), counted.stderr


def test_a_module_is_inserted_in_the_network(folder, command):
    arguments = ["--insert", "se", "--res", "8", "--no-latency", "--format", "csv"]
    result = command("host", "tiny", *arguments, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "after_first" in result.stdout


@pytest.mark.usefixtures("measured")
def test_the_figure_is_drawn(folder, command):
    result = command("plot", "out", "--kind", "bars", "-y", "macs", "-o", "bars.svg", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "<svg" in (folder / "bars.svg").read_text(encoding="utf-8")


def test_the_snippet_is_printed(folder, command):
    assert "torch.jit.script(SE(64))" in command("show", "se", "--as", "scripted", cwd=folder).stdout


def test_the_command_is_listed_and_runs(folder, command):
    assert re.search(r"greet +Greet the user", command("--help", cwd=folder).stdout)
    assert command("greet", cwd=folder).stdout == "good day\n"
