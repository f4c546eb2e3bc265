"""A file of the user's runs where the user has named it: on the command line, or in a spec that is named there."""

import json
from pathlib import Path

import pytest

from attnprof.cli._main import main
from attnprof.records.environment import FILES
from tests.every_case import every_case

GATE = """\
open({marker!r}, "w").close()
from torch import nn


def Gate(channels, *, ratio=4):
    return nn.Identity()


def network():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3))
"""
# Fields of a spec that may name a file, as TOML and as their variable.
FIELDS = {
    "modules": ('[grid]\nmodules = ["se", "{file}:Gate(ratio=2)"]', "se,{file}:Gate(ratio=2)"),
    "removed": ('[grid]\nmodules = ["all", "!{file}:Gate"]', None),
    "networks": ('[grid]\nnetworks = ["{file}:network"]', None),
    "baseline": ('[measure]\nbaseline = "{file}:Gate"', "{file}:Gate"),
    "set": ('[variants."{file}:Gate"]\nratio = [2, 4]', "{file}:Gate.ratio=2,4"),
    "budget": ('[budget]\nparams = "<=2x:{file}:Gate"', "params<=2x:{file}:Gate"),
}
COMMANDS = (
    "run --dry-run",
    "count --dry-run",
    "check --max-params 1g",
    "host --insert se resnet18 --dry-run",
)


@pytest.fixture
def gate(cli, tmp_path):
    """A file whose import leaves a marker: its name, and whether it was imported since."""

    class Gate:
        name = f"gate_{tmp_path.name}.py"
        marker = tmp_path / "marker"

        def write(self, more: str = "") -> None:
            Path(self.name).write_text(GATE.format(marker=str(self.marker)) + more, encoding="utf-8")

        def was_imported(self) -> bool:
            was = self.marker.exists()
            self.marker.unlink(missing_ok=True)
            return was

    file = Gate()
    file.write()
    return file


@pytest.mark.parametrize("name", ["attnprof.toml", "pyproject.toml"])
def test_a_spec_file_that_lies_here_runs_no_file(gate, cli, name):
    root = "tool.attnprof." if name == "pyproject.toml" else ""
    with every_case() as case:
        for field, (toml, _) in FIELDS.items():
            Path(name).write_text(toml.format(file=gate.name).replace("[", f"[{root}", 1), encoding="utf-8")
            for command in COMMANDS:
                if field in ("modules", "removed", "networks") and command.startswith("host"):
                    continue  # host has modules and networks of its own command line alone
                with case(f"{field}: {command}"):
                    done = cli(*command.split())
                    assert done.code == 2
                    assert f"{gate.name}:" in done.err
                    assert "would run, and nobody asked for it" in done.err
                    assert not gate.was_imported()


def test_a_variable_runs_no_file(gate, cli, monkeypatch):
    with every_case() as case:
        for field, (_, text) in FIELDS.items():
            if text is None:
                continue
            with case(field), monkeypatch.context() as changes:
                changes.setenv(f"ATTNPROF_{field.upper()}", text.format(file=gate.name))
                done = cli("run", "--dry-run")
                assert done.code == 2
                assert f"ATTNPROF_{field.upper()}: {gate.name}" in done.err
                assert not gate.was_imported()


def test_a_spec_file_that_is_named_runs_its_files(gate, cli):
    Path("attnprof.toml").write_text(FIELDS["modules"][0].format(file=gate.name), encoding="utf-8")
    refused = cli("run", "--dry-run")
    assert "attnprof run attnprof.toml" in refused.err
    done = cli("run", "attnprof.toml", "--dry-run")
    assert (done.code, gate.was_imported()) == (0, True)
    assert f"{gate.name}:Gate(ratio=2)@64@56" in done.out


def test_what_the_command_line_names_instead_needs_no_question(gate, cli):
    Path("attnprof.toml").write_text(FIELDS["modules"][0].format(file=gate.name), encoding="utf-8")
    done = cli("run", "-m", "se", "--dry-run")
    assert (done.code, gate.was_imported()) == (0, False)
    done = cli("run", "-m", f"{gate.name}:Gate", "--dry-run")
    assert (done.code, gate.was_imported()) == (0, True)


@pytest.fixture
def begun(gate, cli):
    """A run of the file in the folder 'out'."""
    done = cli("count", "-m", f"se,{gate.name}:Gate", "--points", "64@7", "-o", "out")
    assert done.code == 0, done.err
    assert gate.was_imported()
    return gate


def test_a_run_writes_down_its_files_and_says_which_go_on(begun, cli):
    files = json.loads(Path("out/environment.json").read_text())[FILES]
    assert list(files) == [f"{begun.name}:Gate"]
    done = cli("run", "--resume", "out", "--quiet")
    assert done.code == 0, done.err
    assert f"runs {Path(begun.name).resolve()}, the file that the run began with" in done.err


def test_a_run_is_not_continued_with_another_file(begun, cli):
    begun.write("# changed\n")
    done = cli("run", "--resume", "out")
    assert (done.code, begun.was_imported()) == (2, False)
    assert done.err == (
        f"error: out cannot be continued: {Path(begun.name).resolve()} is not the file that it began with."
        " Begin a new run\n"
    )


def test_a_run_is_not_continued_where_its_file_is_not(begun, cli, monkeypatch, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = cli("run", "--resume", "../out")
    assert done.code == 2
    assert f"there is no {begun.name} here" in done.err


def test_a_run_that_has_not_written_down_its_files_is_not_continued(begun, cli):
    path = Path("out/environment.json")
    environment = json.loads(path.read_text())
    del environment[FILES]
    path.write_text(json.dumps(environment))
    assert main(["run", "--resume", "out"]) == 2
    assert not begun.was_imported()


def test_a_run_without_files_of_the_users_says_nothing_of_any(cli):
    assert cli("count", "-m", "se", "--points", "64@7", "-o", "out").code == 0
    assert "file" not in cli("run", "--resume", "out").err
