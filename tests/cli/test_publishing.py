"""The commands that publish: table's other shapes, plot, show --as, init, completion; none of them imports
torch."""

import json
import shutil
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pandas as pd
import pytest

from attnprof.cli._init import BUDGET, EXAMPLES, STARTER, TABLES, template
from attnprof.cli.completion import SHELLS
from attnprof.cli.show import SNIPPETS
from attnprof.spec import Spec
from attnprof.spec.file import from_file, merge
from attnprof.spec.sentences import SENTENCES
from attnprof.spec.settings import SECTIONS
from tests.cli.conftest import Counting
from tests.cli.test_imports import imported
from tests.conftest import clean_environment
from tests.synthetic import folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return folder(
        tmp_path_factory.mktemp("synthetic") / "run",
        modules="se,eca,cbam,none",
        channels="32,64",
        res="14,28",
    )


def test_a_table_is_written_in_every_format_with_every_shape(cli, run, tmp_path):
    for form in ("text", "md", "latex", "html", "csv", "json"):
        for more in (
            [],
            ["--pivot", "channels"],
            ["--baseline", "se"],
            ["--pivot", "res", "--baseline", "eca"],
        ):
            done = cli("table", run, "--format", form, *more)
            assert done.code == 0
            assert all(line.startswith("columns left out") for line in done.err.splitlines())
            assert not done.err or form == "latex"
            assert "cbam" in done.out


def test_a_latex_file_is_written_where_it_is_asked_for(cli, run, tmp_path):
    assert cli("table", run, "--format", "latex", "-o", "mine.tex").err == "mine.tex\n"
    assert (tmp_path / "mine.tex").read_text(encoding="utf-8").startswith(r"% needs \usepackage{booktabs}")


def test_a_table_of_some_modules_has_their_rows_and_may_be_over_another(cli, run):
    rows = json.loads(cli("table", run, "--format", "json", "--baseline", "se", "-m", "eca,cbam").out)["rows"]
    assert {row["module"] for row in rows} == {"eca", "cbam"}
    assert all(row["params_over_se"] for row in rows)
    assert cli("table", run, "-m", "nonlocal").err.startswith("error: -m: nonlocal: the run has none of them")


def test_what_comes_from_no_paper_is_cited_by_nothing(cli):
    done = cli("cite", "none")
    assert (done.code, done.out, done.err) == (0, "", "none comes from no paper\n")


def test_relative_columns_reach_programs(cli, run):
    rows = json.loads(cli("table", run, "--format", "json", "--baseline", "se").out)["rows"]
    se = {(row["channels"], row["height"]): row["latency_s"] for row in rows if row["module"] == "se"}
    for row in rows:
        assert row["latency_over_se"] == row["latency_s"] / se[row["channels"], row["height"]]


def test_a_pivoted_csv_has_a_row_per_module_and_size(cli, run, tmp_path):
    done = cli(
        "table",
        run,
        "--format",
        "csv",
        "--pivot",
        "channels",
        "--columns",
        "module,height,macs",
        "-o",
        "p.csv",
    )
    assert done.code == 0
    frame = pd.read_csv(tmp_path / "p.csv")
    assert list(frame.columns) == ["module", "height", "macs@C=32", "macs@C=64"]
    assert len(frame) == 8


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_side_by_side_columns_leave_a_narrow_terminal_together(terminal, run, tmp_path, columns):
    shown = terminal("table", run, "--pivot", "channels", cwd=tmp_path, columns=columns)
    assert max(map(len, shown.text.splitlines())) <= columns
    heading = next(line for line in shown.text.splitlines() if "module" in line.split())
    for title in ("latency", "MACs", "memory"):
        assert heading.count(f"{title} C=") in (0, 2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--baseline see", "--baseline: no 'see' in this run. Did you mean 'se'?"),
        ("--pivot chanels", "--pivot: 'chanels' is not one of channels"),
        ("--format latexx", "no format 'latexx'. Did you mean 'latex'"),
        ("--columns latency_over_se", "--columns: no column 'latency_over_se'"),
    ],
)
def test_a_mistake_at_a_table_is_one_line(cli, run, arguments, says):
    done = cli("table", run, *arguments.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {says}")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png"])
@pytest.mark.parametrize("kind", ["pareto", "scaling", "memory"])
def test_a_figure_is_written_and_the_same_run_gives_the_same_file(cli, run, tmp_path, kind, suffix):
    pytest.importorskip("matplotlib")
    written = []
    for name in ("one", "other"):
        file = tmp_path / f"{name}.{suffix}"
        done = cli("plot", run, "--kind", kind, "-o", file)
        assert (done.code, done.out, done.err.splitlines()[-1]) == (0, "", str(file))
        written.append(file.read_bytes())
    assert written[0] == written[1]
    assert written[0].startswith({"pdf": b"%PDF", "svg": b"<?xml", "png": b"\x89PNG"}[suffix])


def test_a_name_in_a_script_that_the_font_has_not_is_drawn_without_a_warning(cli, run, tmp_path):
    rows = cli("table", run, "--format", "csv").out.replace("cbam", "注意")
    (tmp_path / "x.csv").write_text(rows, encoding="utf-8")
    done = cli("plot", "x.csv", "-o", "x.svg")
    assert (done.code, done.err) == (0, "x.svg\n")


def test_half_a_character_in_the_name_of_a_device_is_spelled_in_the_figure(cli, run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    environment = json.loads((copy / "environment.json").read_text())
    (copy / "environment.json").write_text(json.dumps({**environment, "device_name": "\ud800"}))
    assert cli("plot", "copy", "-o", "x.svg").code == 0
    assert "\\ud800" in (tmp_path / "x.svg").read_text()


def test_a_figure_goes_into_the_runs_folder(cli, run, tmp_path):
    pytest.importorskip("matplotlib")
    copy = shutil.copytree(run, tmp_path / "copy")
    assert cli("plot", copy, "--at", "64@28", "-m", "se,eca").err == f"{copy / 'pareto.pdf'}\n"
    assert (copy / "pareto.pdf").is_file()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--kind pie", "no figure 'pie'. There are: memory, pareto, ranks, scaling"),
        ("-o a.bmp", "-o: a.bmp: write a name that ends in .pdf, .svg, .png"),
        ("-y latncy", "-y: 'latncy': no such metric. Did you mean 'latency'"),
        ("-x top1", "-x: top1 is published, not measured"),
        ("--at 7@7", "--at: 7@7 was not measured. There are: 32@14"),
        ("--at x", "--at: "),
        ("--width 7", "--width: '7' is no width; write 7in"),
        ("--width 0.1in", "--width: 0.1in is not between"),
        ("--against depth", "--against: 'depth' is not one of res, channels, batch"),
        (
            "--kind scaling --against batch",
            "nothing was measured at several batches: attnprof run --batch 1,8,32",
        ),
        ("-m nonlocal", "-m: nonlocal: the run has none of them"),
        ("-y train_latency", "no module has macs and train_latency in this run"),
    ],
)
def test_a_mistake_at_a_plot_is_one_line_and_writes_nothing(cli, run, tmp_path, arguments, says):
    pytest.importorskip("matplotlib")
    given = arguments.split()
    done = cli("plot", run, *given, *([] if "-o" in given else ["-o", "a.png"]))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {says}")
    assert len(done.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_place_where_no_figure_can_be_written_is_the_environments_fault(cli, run):
    pytest.importorskip("matplotlib")
    done = cli("plot", run, "--at", "64@28", "-o", "no/such/folder/a.png")
    assert (done.code, done.err) == (
        4,
        "error: cannot write no/such/folder/a.png: no such file or directory\n",
    )


def test_without_matplotlib_plot_says_what_to_install(cli, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = cli("plot", run)
    assert (done.code, done.err) == (
        4,
        "error: attnprof plot needs matplotlib: pip install 'attnprof[plot]'\n",
    )


def test_publishing_imports_no_torch(run, tmp_path):
    pytest.importorskip("matplotlib")
    commands = (
        "table {} --format latex --baseline se --pivot channels",
        "plot {} --at 64@28 -o a.png",
        "show se --as pytorch",
    )
    for code, _, packages in imported(*(command.format(run) for command in commands), cwd=tmp_path):
        assert (code, {"torch", "fvcore", "thop"} & packages) == (0, set())


def test_show_as_prints_a_program(cli):
    done = cli("show", "cbam(reduction=8)", "--as", "pytorch", "--at", "64@14")
    assert (done.code, done.err) == (0, "")
    assert "CBAM(channels, reduction=8)" in done.out
    compile(done.out, "shown", "exec")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("se --as keras", f"no framework 'keras'. There are: {', '.join(SNIPPETS.names())}"),
        ("family:channel --as pytorch", "family:channel: --as takes one module"),
        ("swin --as pytorch --at 64@8", "swin at 64@8x8: "),
        ("sse --as pytorch", "no module 'sse'"),
    ],
)
def test_a_mistake_at_a_snippet_is_one_line(cli, arguments, says):
    done = cli("show", *arguments.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {says}")


def defaults(text):
    """The settings file with every commented default switched on, and without what it starts with."""
    values = (*(f"{name} = " for name in STARTER), *BUDGET[1:])
    lines = [line for line in text.splitlines() if not line.startswith(("# for example", *values))]
    keys = [f"# {name} = " for name in SECTIONS]
    return "\n".join(line[2:] if line.startswith(tuple(keys)) else line for line in lines)


def test_every_default_in_the_settings_file_is_the_specs(tmp_path):
    file = tmp_path / "attnprof.toml"
    file.write_text(defaults(template()), encoding="utf-8")
    source = from_file(file)
    having = {name for name, field in Spec.model_fields.items() if field.default not in (None, (), {})}
    assert set(source.values) - {"budget"} == having - set(STARTER)
    assert merge([source]) == Spec()
    assert source.problems == ()


def test_the_settings_file_as_it_is_written_is_a_budget_over_some_modules(tmp_path):
    file = tmp_path / "attnprof.toml"
    file.write_text(template(), encoding="utf-8")
    assert merge([from_file(file)]) == Spec(**STARTER, budget="params<=10k, macs<=1M")


def test_the_settings_file_as_it_is_written_passes_its_own_check(cli, monkeypatch):
    monkeypatch.setattr("attnprof.running.client.start_worker", Counting)
    assert cli("init").code == 0
    done = cli("check")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("the budget holds for all of 3 modules\n")


@pytest.mark.parametrize("name", SECTIONS)
def test_every_setting_is_explained_in_sentences(name):
    assert SENTENCES[name][0].isupper()
    assert SENTENCES[name].endswith(".")
    assert len(SENTENCES[name].split()) > 4


def test_every_field_is_in_the_settings_file_in_its_table():
    table = ""
    places = {}
    for line in template().splitlines():
        if line.startswith("["):
            table = line.strip("[]")
        word = line.removeprefix("# for example: ").removeprefix("# ").partition(" ")[0]
        places.setdefault(word, table)
    for name, section in SECTIONS.items():
        assert section in TABLES or places.get(name) == section


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_of_the_settings_file_is_valid(name):
    line = next(line for line in template().splitlines() if line.startswith(f"# for example: {name} = "))
    assert tomllib.loads(line.removeprefix("# for example: ")) == {name: EXAMPLES[name]}
    Spec(**{name: EXAMPLES[name]})


@pytest.mark.parametrize("section", sorted(TABLES))
def test_an_example_of_a_table_is_valid(section, tmp_path):
    file = tmp_path / "attnprof.toml"
    lines = [line.removeprefix("# for example: ") for line in TABLES[section]]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert merge([from_file(file)]) != Spec()


def test_init_writes_the_settings_file_once(cli, tmp_path):
    done = cli("init")
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "attnprof.toml").read_text(encoding="utf-8") == template()
    (tmp_path / "attnprof.toml").write_text("mine", encoding="utf-8")
    again = cli("init")
    assert (again.code, again.err) == (2, "error: attnprof.toml is there already, and stays as it is\n")
    assert (tmp_path / "attnprof.toml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_completion_script_asks_attnprof(cli, shell):
    done = cli("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert f"_ATTNPROF_COMPLETE={shell}_complete" in done.out
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=done.out, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_another_shell_is_answered_with_those_that_there_are(cli):
    done = cli("completion", "ksh")
    assert (done.code, done.err) == (2, "error: no completion for 'ksh'. There are: bash, zsh, fish\n")


@pytest.fixture
def completed(cli, monkeypatch):
    def complete(line):
        words = line.split(" ")
        for name, value in {
            "_ATTNPROF_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }.items():
            monkeypatch.setenv(name, value)
        done = cli()
        return SimpleNamespace(code=done.code, words=[each.partition(",")[2] for each in done.out.split()])

    return complete


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("attnprof comp", ["completion"]),
        ("attnprof show cba", ["cbam"]),
        ("attnprof run -m se,!cba", ["se,!cbam"]),
        ("attnprof run --metrics lat", ["latency", "latency_median", "latency_p90"]),
        ("attnprof table --piv", ["--pivot"]),
        ("attnprof show nothing_like_it", []),
    ],
)
def test_a_shell_is_told_the_words_that_fit(completed, line, words):
    assert completed(line).words == words


def test_completing_imports_neither_torch_nor_pandas(tmp_path):
    program = "import sys\nfrom attnprof.cli._main import main\nmain([])\nprint(*{'torch', 'pandas'} & set(sys.modules), file=sys.stderr)"
    asked = {"_ATTNPROF_COMPLETE": "bash_complete", "COMP_WORDS": "attnprof run -m s", "COMP_CWORD": "3"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=clean_environment(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "plain,se" in done.stdout
    assert done.stderr.strip() == ""
