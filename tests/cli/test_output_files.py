"""-o: the name of a file says the format of what is written there, in every command that writes a table."""

import json

import pytest

from tests.synthetic import folder

FIRST = {  # how a table begins in the format that a name stands for
    "t.tex": r"% needs \usepackage",
    "t.md": "| C | module |",
    "t.markdown": "| C | module |",
    "t.csv": "schema,run_id,",
    "t.html": "<div",
    "T.HTM": "<div",
    "t.json": "{",
    "t.txt": "28x28",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("output") / "run"
    return folder(path, modules="se,eca,cbam", channels="32,64", res="28")


@pytest.mark.parametrize("name", FIRST)
def test_the_ending_of_a_name_is_the_format(cli, run, tmp_path, name):
    done = cli("table", run, "-o", name)
    assert (done.code, done.out, done.err) == (0, "", f"{name}\n")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(FIRST[name])


def test_another_ending_is_text_and_it_is_said(cli, run, tmp_path):
    done = cli("table", run, "-o", "t.dat")
    assert done.err == "t.dat: as text, for its name has no format's ending\n"
    assert (tmp_path / "t.dat").read_text(encoding="utf-8").startswith("28x28")


@pytest.mark.parametrize("name", ["t.dat", "t.txt", "t"])
def test_the_option_says_the_format_of_a_name_that_stands_for_none(cli, run, tmp_path, name):
    assert cli("table", run, "-o", name, "--format", "json").err == f"{name}\n"
    assert json.loads((tmp_path / name).read_text(encoding="utf-8"))["rows"]


def test_a_name_and_an_option_that_contradict_each_other_are_one_line_and_no_file(cli, run, tmp_path):
    done = cli("table", run, "-o", "t.md", "--format", "latex")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: -o t.md is a name for md, not for latex: leave out --format latex\n"
    assert not (tmp_path / "t.md").exists()


def test_a_choice_and_a_comparison_are_written_too(cli, run, tmp_path):
    assert cli("pick", run, "--max-params", "10k", "-o", "p.md").err == "p.md\n"
    assert (tmp_path / "p.md").read_text(encoding="utf-8").startswith("| rank |")
    cli("diff", run, run, "-o", "d.json", "--absolute")
    assert json.loads((tmp_path / "d.json").read_text(encoding="utf-8"))
