"""Commands that need neither torch nor pandas import neither; options, spec fields and TOML keys are the same
words."""

import subprocess
import sys

import pytest

from attnprof.cli._main import COMMANDS
from attnprof.cli._spec_options import NETWORK
from attnprof.spec import Spec
from attnprof.spec.settings import SECTIONS, SETTINGS
from tests.conftest import clean_environment

PROGRAM = """
import sys
from attnprof.cli._main import main
code = main(sys.argv[1:])
heavy = [name for name in ("torch", "pandas", "numpy", "fvcore", "thop") if name in sys.modules]
print(code, *heavy, file=sys.stderr)
"""


def imported(*arguments, cwd):
    """What a fresh interpreter has imported of the heavy packages after a command, and the exit code
    first."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        cwd=cwd, env=clean_environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout
    return done.stderr.splitlines()[-1].split()


@pytest.mark.parametrize(
    "arguments",
    ["--help", "--version", "list", "list family:channel", "show se", "show nonlocal --at 256@28x40"]
    + [f"{name} --help" for name in COMMANDS.names()]
    + ["run --dry-run"],
)
def test_what_measures_nothing_imports_neither_torch_nor_pandas(arguments, tmp_path):
    assert imported(*arguments.split(), cwd=tmp_path) == ["0"]


@pytest.mark.parametrize("arguments", ["--help", "run --help", "list", "show se"])
def test_help_and_the_catalogue_need_no_package_that_checks_or_decodes_values(arguments, tmp_path):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "attnprof", *arguments.split()],
        cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    packages = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert done.returncode == 0
    assert "click" in packages
    assert not {"pydantic", "msgspec", "rich", "filelock", "difflib"} & packages


@pytest.mark.parametrize("command", ["table", "pick"])
def test_a_run_is_shown_again_and_chosen_from_without_torch(command, wide, tmp_path):
    code, *heavy = imported(command, wide, cwd=tmp_path)
    assert code == "0"
    assert not {"torch", "fvcore", "thop"} & set(heavy)


def parameters(command):
    return {parameter.name for parameter in COMMANDS.get(command).params}


def test_every_field_of_the_spec_is_an_option_of_run_or_of_host_and_no_other_option_is():
    looks = {"spec", "resume", "dry_run", "quiet", "no_color"}
    assert parameters("run") - looks == set(Spec.model_fields) - set(NETWORK)
    assert set(NETWORK) <= parameters("host") - looks - {"stages"} <= set(Spec.model_fields)


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
    gone = parameters("run") - parameters("count")
    assert gone == {"no_latency", "time_budget", "precision", "threads", "device", "resume"}
    assert parameters("count") <= parameters("run")


@pytest.mark.parametrize("command", COMMANDS.names())
def test_every_command_explains_itself_on_one_screen_led_by_examples(command, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "attnprof", command, "--help"],
        cwd=tmp_path, env=clean_environment({"COLUMNS": "80"}), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80
    first = [line.strip() for line in lines if line.strip().startswith(f"attnprof {command}")]
    assert len(first) >= 2
