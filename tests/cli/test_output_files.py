"""-o: the name of a file says the format of what is written there, in every command that writes a table."""

import json

import pytest

from attnprof.units import significant
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


def test_units_are_those_of_an_author_and_programs_get_every_digit(cli, run):
    columns = ("--columns", "module,params,macs,latency", "-m", "cbam", "--units", "k,M,us")
    exact = [
        int(row["macs"])
        for row in json.loads(cli("table", run, "--format", "json", "-m", "cbam").out)["rows"]
    ]
    heading, _, *rows = cli("table", run, *columns, "--format", "md").out.splitlines()
    assert heading == "| module | params | MACs (k) | latency (µs) |"
    assert {row.split(" | ")[2] for row in rows if row.startswith("| cbam")} == {
        significant(macs / 1000) for macs in exact
    }
    assert f"{significant(exact[-1] / 1000)} k" in cli("table", run, *columns).out
    for form in ("csv", "json"):
        usual = cli("table", run, "--format", form)
        assert cli("table", run, "--format", form, "--units", "M", "--caption", "C", "--no-notes") == usual


def test_what_is_no_unit_is_a_mistake(cli, run):
    done = cli("table", run, "--units", "M,m")
    said = "error: --units: 'm' is no unit; write k, M, G or T; us, ms or s; KiB, MiB, MB\n"
    assert (done.code, done.out, done.err) == (2, "", said)


@pytest.mark.parametrize(
    ("column", "modules"), [("params", ["eca", "se", "cbam"]), ("-MACs", ["cbam", "se", "eca"])]
)
def test_rows_are_in_the_order_of_a_column_in_every_format(cli, run, column, modules):
    asked = ("table", run, "-m", "se,eca,cbam", "--sort", column)
    shown = cli(*asked, "--columns", "module,channels,height", "--format", "csv").out.splitlines()
    assert [line.split(",")[0] for line in shown if line.endswith(",64,28")] == modules
    text = cli(*asked).out.splitlines()
    assert [line.split()[1] for line in text if line.startswith("64 ")] == modules


def test_a_column_to_sort_by_is_one_that_is_there(cli, run):
    assert cli("table", run, "--sort", "-latncy").err.startswith("error: --sort: no column 'latncy'. Did you")


def test_a_caption_stands_above_and_notes_can_be_left_out(cli, run):
    words = ("--caption", "Gates at 28 pixels", "--no-notes")
    assert cli("table", run, *words).out.startswith("Gates at 28 pixels\n\n C  module")
    assert cli("table", run, *words, "--format", "md").out.startswith("Gates at 28 pixels\n\n| C |")
    assert "<caption>Gates at 28 pixels</caption>" in cli("table", run, *words, "--format", "html").out


def test_latex_has_the_authors_caption_and_label_and_the_conditions_below(cli, run):
    words = ("--format", "latex", "--caption", r"Gates \cite{hu}", "--label", "tab:gates")
    text = cli("table", run, *words).out
    assert r"\caption{Gates \cite{hu}}\label{tab:gates}" in text
    assert text.index("Test CPU") > text.index(r"\end{tabular}")
    assert "Test CPU" not in cli("table", run, *words, "--no-notes").out


def test_a_choice_has_a_caption_too(cli, run):
    text = cli("pick", run, "--max-params", "10k", "--caption", "Mine", "--label", "tab:p", "-o", "p.tex")
    assert text.err.endswith("p.tex\n")
    assert "For a paper:" not in cli("pick", "--help").out
    assert "--caption" in cli("pick", "--help-all").out


def test_the_first_lines_and_the_rows_that_are_so_reach_latex(cli, run):
    words = ("--where", "channels=64,macs<10M", "--sort", "-params", "--top", "2", "--no-notes")
    text = cli("table", run, *words, "--columns", "module,channels,params", "--format", "latex").out
    body = text.split("\\midrule\n")[1].split("\\bottomrule")[0].splitlines()
    assert [line.split(" & ")[:2] for line in body] == [["cbam", "64"], ["se", "64"]]
