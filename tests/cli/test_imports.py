"""Commands that need neither torch nor pandas import neither; options, spec fields and TOML keys are the same
words."""

import json
import subprocess
import sys

import click
import pytest

from attnprof.cli._main import COMMANDS
from attnprof.cli._spec_options import GROUPS, NETWORK, RARE
from attnprof.cli.count import MEASURING
from attnprof.grid import PRESETS
from attnprof.spec import Spec
from attnprof.spec.settings import SECTIONS, SETTINGS
from tests.conftest import clean_environment
from tests.every_case import every_case

PROGRAM = """
import contextlib, io, json, sys
from attnprof.cli._main import main

reports = []
for line in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main(line.split())
    packages = {name.partition(".")[0] for name in sys.modules}
    reports.append((code, bool(out.getvalue()), sorted(packages)))
print(json.dumps(reports))
"""
LIGHT = [
    *(
        "--help",
        "--version",
        "list",
        "list family:channel",
        "list --networks",
        "show se",
        "show nonlocal --at 256@28x40",
    ),
    *(f"{name} --help" for name in COMMANDS.names()),
    "run --dry-run",
]


def imported(*lines, cwd):
    """Of each command, all in one fresh interpreter: exit code, whether it printed, and the packages that are
    imported by its end. What one imports stays for the next: what the last is without, all are without."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *lines],
        cwd=cwd, env=clean_environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return [(code, printed, set(packages)) for code, printed, packages in json.loads(done.stdout)]


def test_what_measures_nothing_imports_neither_torch_nor_pandas(tmp_path):
    with every_case() as case:
        for line, (code, printed, packages) in zip(LIGHT, imported(*LIGHT, cwd=tmp_path), strict=True):
            with case(line):
                assert (code, printed) == (0, True)
                assert not {"torch", "pandas", "numpy", "fvcore", "thop"} & packages


def test_help_and_the_catalogue_need_no_package_that_checks_or_decodes_values(tmp_path):
    lines = ("--help", "run --help", "list", "list --networks", "show se")
    with every_case() as case:
        for line, (code, _, packages) in zip(lines, imported(*lines, cwd=tmp_path), strict=True):
            with case(line):
                assert code == 0
                assert "click" in packages
                assert not {"pydantic", "msgspec", "rich", "filelock", "difflib"} & packages


def test_a_run_is_shown_again_and_chosen_from_without_torch(wide, tmp_path):
    for code, printed, packages in imported(f"table {wide}", f"pick {wide}", cwd=tmp_path):
        assert (code, printed) == (0, True)
        assert not {"torch", "fvcore", "thop"} & packages


def parameters(command):
    return {parameter.name for parameter in COMMANDS.get(command).params} - {"help_all"}


def test_every_field_of_the_spec_is_an_option_of_run_or_of_host_and_no_other_option_is():
    looks = {"spec", "resume", "dry_run", "quiet", "no_color"}
    assert parameters("run") - looks == set(Spec.model_fields) - set(NETWORK)
    shorthands = {"stages", "input"}  # for places, and for points and batch
    assert set(NETWORK) <= parameters("host") - looks - shorthands <= set(Spec.model_fields)


def test_every_field_of_the_spec_has_a_table_in_toml():
    assert set(SECTIONS) == set(Spec.model_fields)
    assert set(SECTIONS.values()) == {"grid", "variants", "measure", "budget", "output"}
    assert [field for field, section in SECTIONS.items() if section == "variants"] == ["set"]


def test_every_setting_is_a_field_of_the_spec_in_the_same_order():
    assert list(SETTINGS) == list(Spec.model_fields)
    for name, field in Spec.model_fields.items():
        assert (field.default, field.description) == (SETTINGS[name].default, SETTINGS[name].meaning)


def test_an_option_is_its_field_with_hyphens():
    for parameter in COMMANDS.get("run").params:
        if parameter.name in Spec.model_fields:
            assert "--" + parameter.name.replace("_", "-") in parameter.opts
            assert parameter.envvar == f"ATTNPROF_{parameter.name.upper()}"


def test_count_has_the_options_of_run_but_those_that_concern_measuring():
    assert parameters("run") - parameters("count") == {*MEASURING, "resume"}
    assert parameters("count") - parameters("run") == {"input", "real"}


def test_every_setting_stands_in_one_group_of_the_help():
    grouped = [field for fields in GROUPS.values() for field in fields]
    assert sorted(grouped) == sorted(SETTINGS)
    assert set(RARE) <= {*SETTINGS, "no_color"}


def shown(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "attnprof", *arguments],
        env=clean_environment({"COLUMNS": "80"}), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    return done.stdout


def test_the_help_of_run_fits_a_small_terminal_in_groups_and_names_presets():
    lines = shown("run", "--help").splitlines()
    assert len(lines) < 40
    assert [line[:-1] for line in lines if line.endswith(":") and line[0] != " "] == list(GROUPS)
    assert all(preset in "\n".join(lines) for preset in PRESETS)
    assert "--help-all" in lines[-2]


def test_the_whole_help_has_every_option():
    whole = shown("run", "--help-all")
    for parameter in COMMANDS.get("run").params:
        assert isinstance(parameter, click.Argument) or parameter.opts[-1] in whole


def test_without_a_command_there_is_the_help():
    assert shown() == shown("--help")


@pytest.mark.parametrize("command", COMMANDS.names())
def test_every_command_explains_itself_on_one_screen_led_by_examples(command, cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = cli(command, "--help").out.splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80
    first = [line.strip() for line in lines if line.strip().startswith(f"attnprof {command}")]
    assert len(first) >= 2
