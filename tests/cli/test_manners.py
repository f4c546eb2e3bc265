"""stdout is the result and nothing else; a terminal never sees a clipped figure; the nearer source of a
setting wins."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import tomllib

import pandas as pd
import pytest

from attnprof.cli import _user_settings
from attnprof.cli._main import main
from attnprof.records.journal import EVENTS
from attnprof.results import of_folder
from attnprof.views.document import words
from attnprof.views.run import document
from tests.conftest import clean_environment

BOX = re.compile("[\u2500-\u257f\u2580-\u259f\u2800-\u28ff]")
COUNT = ["count", "-m", "se,eca", "--points", "16@8", "--counters", "none"]


# What goes where


def test_a_run_prints_its_table_to_stdout_and_everything_else_to_stderr(measured):
    done = measured.done
    assert done.returncode == 0
    heading, *rows = done.stdout.partition("\n\n")[2].partition("\n\n")[0].splitlines()
    assert heading.split()[:7] == ["C", "module", "params", "MACs", "FLOPs", "latency", "memory"]
    assert sorted(row.split()[1] for row in rows) == ["eca", "eca", "none", "none", "se", "se"]
    assert "all rows: out/results.csv" in done.stderr
    assert "all rows" not in done.stdout
    assert "counted" not in done.stdout


def test_a_pipe_gets_neither_escape_codes_nor_boxes(measured):
    for text in (measured.done.stdout, measured.done.stderr):
        assert "\x1b" not in text
        assert "\r" not in text
        assert not BOX.search(text)


def test_a_skipped_cell_of_a_measured_run_is_a_row_without_figures(measured):
    [row] = [line for line in measured.done.stdout.splitlines() if line.split()[:2] == ["8", "se"]]
    assert "skipped" in row
    assert "se: channels must be at least the reduction = 16; nearest 16" in measured.done.stdout


def test_json_on_stdout_is_json_and_nothing_else(tmp_path, command):
    said = command(*COUNT, "--format", "json", cwd=tmp_path)
    whole = json.loads(said.stdout)
    assert {row["module"]: (row["params"], row["macs"]) for row in whole["rows"]} == {
        "se": (32, 32),
        "eca": (3, 48),
    }
    assert said.stderr.startswith("all rows: reports/")


def test_csv_on_stdout_is_csv_and_nothing_else(cli):
    frame = pd.read_csv(io.StringIO(cli(*COUNT, "--format", "csv").out))
    assert list(frame["module"]) == ["se", "eca"]
    assert list(frame["params"]) == [32, 3]
    assert frame["latency_s"].isna().all()


def test_results_csv_is_what_csv_prints(cli, tmp_path):
    said = cli(*COUNT, "--format", "csv", "-o", "out")
    assert (tmp_path / "out" / "results.csv").read_text() == said.out


def test_quiet_leaves_stderr_empty(cli):
    said = cli(*COUNT, "-q")
    assert (said.code, said.err) == (0, "")
    assert "se" in said.out


def test_quiet_still_says_what_is_wrong(cli):
    assert cli("count", "-q", "--res", "0").err.startswith("error: ")


def test_the_folder_of_a_run_is_named_after_date_name_and_device(cli, tmp_path):
    cli(*COUNT)
    cli(*COUNT)
    cli(*COUNT, "--name", "mine")
    names = sorted(path.name for path in (tmp_path / "reports").iterdir())
    assert [re.sub(r"^\d{8}-", "", name) for name in names] == ["count-meta", "count-meta-2", "mine-meta"]


def test_the_name_in_a_spec_file_is_kept(cli, tmp_path):
    (tmp_path / "file.toml").write_text('[output]\nname = "inside"\n')
    cli("count", "file.toml", *COUNT[1:])
    cli("count", "file.toml", "--name", "outside", *COUNT[1:])
    names = sorted(path.name.split("-", 1)[1] for path in (tmp_path / "reports").iterdir())
    assert names == ["inside-meta", "outside-meta"]


def test_a_metric_asked_for_by_name_is_in_the_table(cli):
    table = cli(
        "count", "-m", "bam", "--points", "64@8", "--metrics", "params,macs", "--counters", "none"
    ).out
    assert "params" in table


@pytest.mark.parametrize("metric", ["buffers", "trainable_params", "output_shape"])
def test_a_metric_that_is_not_shown_by_default_is_shown_when_asked_for_by_name(cli, metric):
    asked = ["count", "-m", "bam", "--points", "64@8", "--metrics", metric, "--counters", "none"]
    heading = cli(*asked).out.split("\n\n")[1].splitlines()[0]
    assert len(re.split(r" {2,}", heading.strip())) == 3


# A reader that has enough


@pytest.mark.parametrize("line", ["list", "--help", "table {wide}"])
def test_a_reader_that_is_gone_is_no_mistake(line, wide, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        said = subprocess.run(
            [sys.executable, "-m", "attnprof", *line.format(wide=wide).split()],
            cwd=tmp_path, env=clean_environment(), stdout=writer, stderr=subprocess.PIPE, text=True, timeout=120,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert (said.returncode, said.stderr) == (0, "")


def test_a_reader_that_takes_one_line_gets_it_and_sees_no_traceback(wide, tmp_path):
    program = f"'{sys.executable}' -m attnprof table '{wide}' --format csv | head -n 1"
    said = subprocess.run(
        ["sh", "-c", program],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert said.stdout.startswith("schema,run_id,")
    assert (said.returncode, said.stderr, said.stdout.count("\n")) == (0, "", 1)


# A terminal


@pytest.fixture(scope="module", params=[60, 80, 100])
def screen(request, terminal, wide, tmp_path_factory):
    columns = request.param
    return columns, terminal("table", wide, cwd=tmp_path_factory.mktemp("screen"), columns=columns)


def prose(text):
    """The lines that may be wrapped: a command stands whole, to be copied."""
    return [line for line in text.splitlines() if not line.startswith("  attnprof ")]


def test_no_line_is_longer_than_the_terminal(screen):
    columns, shown = screen
    assert shown.code == 0
    assert max(map(len, prose(shown.text))) <= columns


def test_every_figure_that_is_shown_is_whole_and_what_is_missing_is_named(screen, wide):
    _, shown = screen
    laid = document(of_folder(wide)).screen()
    said = re.search(r"columns hidden \(narrow terminal\): (.*)\. All of them: --format csv", shown.err)
    missing = said[1].split(", ") if said else []
    kept = [n for n, column in enumerate(laid.columns) if column.title and column.title not in missing]
    lines = shown.text.splitlines()
    for row in laid.rows:
        texts = [words(laid.columns[n], row[n]).strip() for n in kept]
        assert any(all(text in line for text in texts) for line in lines), texts
    titles = [laid.columns[n].title for n in kept]
    for heading in laid.headings:
        number = next(n for n, line in enumerate(lines) if line.startswith(heading))
        header = next(line for line in lines[number:] if "latency" in line)
        assert re.split(r" {2,}", header.strip())[-len(titles) :] == titles


def test_a_narrow_terminal_keeps_size_module_and_latency(screen, wide):
    _, shown = screen
    laid = document(of_folder(wide)).screen()
    assert all(heading in shown.text for heading in laid.headings)
    assert {"se", "none", "nonlocal", "latency"} <= set(shown.text.split())


def test_columns_in_the_environment_outranks_the_terminal(terminal, wide, tmp_path):
    shown = terminal("table", wide, cwd=tmp_path, columns=200, env={"COLUMNS": "50"})
    assert max(map(len, prose(shown.text))) <= 50
    assert "columns hidden (narrow terminal)" in shown.err


def test_a_terminal_that_does_not_know_its_width_loses_no_column(terminal, wide, tmp_path):
    shown = terminal("table", wide, cwd=tmp_path, columns=0)
    assert {"params", "MACs", "latency"} <= set(shown.text.split())


def test_columns_that_is_no_number_is_passed_over(terminal, wide, tmp_path):
    shown = terminal("table", wide, cwd=tmp_path, columns=80, env={"COLUMNS": "wide"})
    assert (shown.code, "Traceback" in shown.err) == (0, False)


def test_a_terminal_sees_styles_but_no_boxes(terminal, wide, tmp_path):
    shown = terminal("table", wide, cwd=tmp_path, columns=120)
    assert {"\x1b[1m", "\x1b[1;32m"} <= set(re.findall(r"\x1b\[[0-9;]*m", shown.raw))
    assert not re.search("[─-╿]", shown.text)


@pytest.mark.parametrize(
    ("options", "env"),
    [([], {"NO_COLOR": "1"}), (["--no-color"], {}), ([], {"TERM": "dumb"})],
    ids=["NO_COLOR", "--no-color", "TERM=dumb"],
)
def test_colour_can_be_declined(terminal, wide, tmp_path, options, env):
    shown = terminal("table", wide, *options, cwd=tmp_path, columns=80, env=env)
    assert shown.code == 0
    assert "\x1b[" not in shown.raw
    assert "latency" in shown.raw


@pytest.fixture(scope="module")
def watched(terminal, tmp_path_factory):
    """A count with stdout and stderr on one terminal, as a person has it."""
    return terminal(*COUNT, cwd=tmp_path_factory.mktemp("watched"), columns=80, both=True)


def test_the_table_stands_whole_on_the_terminal_after_the_progress(watched):
    assert watched.code == 0
    after = watched.text[watched.text.rindex("counted on meta tensors") :]
    block = after.split("\n\n")[1].splitlines()
    assert block[0].startswith("8x8, 16 channels")
    assert [line.split()[:3] for line in block[-2:]] == [["se", "32", "32"], ["eca", "3", "48"]]
    assert "all rows: reports/" in after


def test_the_cursor_is_shown_again(watched):
    assert watched.raw.rfind("\x1b[?25h") >= watched.raw.rfind("\x1b[?25l")


# Which source of a setting wins


@pytest.fixture
def channels(cli, tmp_path, monkeypatch):
    """The channels that a dry run plans, for each place in which they may be given."""

    def planned(line=None, variable=None, attnprof=None, pyproject=None, named=None):
        if variable is not None:
            monkeypatch.setenv("ATTNPROF_CHANNELS", str(variable))
        if attnprof is not None:
            (tmp_path / "attnprof.toml").write_text(f"[grid]\nchannels = [{attnprof}]\n")
        if pyproject is not None:
            (tmp_path / "pyproject.toml").write_text(f"[tool.attnprof.grid]\nchannels = [{pyproject}]\n")
        if named is not None:
            (tmp_path / "named.toml").write_text(f"[grid]\nchannels = [{named}]\n")
        file = [] if named is None else ["named.toml"]
        option = [] if line is None else ["--channels", str(line)]
        said = cli("run", *file, "-m", "eca", "--res", "8", "--dry-run", *option)
        assert said.code == 0
        return [int(label.split("@")[1]) for label in said.out.splitlines()]

    return planned


def test_the_command_line_outranks_everything(channels):
    assert channels(line=1, variable=2, attnprof=3, pyproject=4) == [1]


def test_the_environment_outranks_the_spec_file(channels):
    assert channels(variable=2, attnprof=3, pyproject=4) == [2]
    assert channels(variable=2, named=5) == [2]


def test_attnprof_toml_outranks_pyproject_toml(channels):
    assert channels(attnprof=3, pyproject=4) == [3]


def test_pyproject_toml_outranks_the_default(channels):
    assert channels(pyproject=4) == [4]


def test_a_spec_file_that_is_named_is_taken_instead_of_the_one_that_lies_there(channels):
    assert channels(named=5, attnprof=3, pyproject=4) == [5]


def test_without_any_source_the_default_holds(channels):
    assert channels() == [64, 256]


@pytest.fixture
def habits(tmp_path, monkeypatch):
    """Write the user's own settings."""

    def write(text):
        path = tmp_path / "config" / "attnprof.toml"
        path.parent.mkdir()
        path.write_text(text)
        return path

    monkeypatch.setattr(_user_settings, "user_file", lambda: tmp_path / "config" / "attnprof.toml")
    return write


def test_the_user_s_own_settings_are_below_every_spec(cli, tmp_path, habits):
    habits('[measure]\ntimeout = "7s"\nthreads = 2\n')
    (tmp_path / "attnprof.toml").write_text("[measure]\nthreads = 1\n")
    assert cli("count", "-m", "eca", "--points", "8@8", "-o", "out").code == 0
    spec = tomllib.loads((tmp_path / "out" / "spec.toml").read_text())
    assert (spec["measure"]["timeout"], spec["measure"]["threads"]) == ("7s", 1)


def test_the_user_s_own_settings_say_nothing_of_what_is_measured(cli, habits):
    path = habits("[grid]\nchannels = [8]\n")
    said = cli("count", "-m", "eca")
    assert said.code == 2
    assert f"{path}:2: grid.channels: it would hold for every run" in said.err


def test_a_flag_can_be_set_in_the_environment(cli, monkeypatch):
    monkeypatch.setenv("ATTNPROF_TRAIN", "1")
    assert cli("run", "-m", "eca", "--points", "8@8", "--dry-run").out == "eca@8@8\neca@8@8 (train)\n"


def test_the_effective_spec_is_saved_whatever_its_sources(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNPROF_TIMEOUT", "7s")
    (tmp_path / "attnprof.toml").write_text("[grid]\nbatch = 2\n")
    cli(*COUNT, "-o", "out")
    saved = tomllib.loads((tmp_path / "out" / "spec.toml").read_text())
    assert (saved["measure"]["timeout"], saved["grid"]["batch"]) == ("7s", [2])
    assert saved["grid"]["modules"] == ["se", "eca"]
    assert saved["measure"]["no_latency"] is True


def test_a_saved_spec_replays_the_run_into_a_folder_of_its_own(cli, tmp_path):
    first = cli(*COUNT, "--set", "se.reduction=4,8", "--format", "csv", "-o", "out").out
    (tmp_path / "attnprof.toml").write_text("[grid]\nbatch = 2\n")
    again = cli("count", "out/spec.toml").out
    drop = ["run_id"]
    one, two = (pd.read_csv(io.StringIO(text)).drop(columns=drop) for text in (first, again))
    pd.testing.assert_frame_equal(one, two)
    assert len(list((tmp_path / "reports").iterdir())) == 1


# Rehearsing


def test_a_dry_run_lists_the_cells_and_measures_nothing(cli, tmp_path, monkeypatch):
    def never(setup):
        raise AssertionError("a worker was started")

    monkeypatch.setattr("attnprof.cli._worker.start_worker", never)
    said = cli("run", "-m", "se,eca", "--channels", "8,16", "--res", "8,4x6", "--dry-run")
    refused = "  skipped: channels must be at least the reduction = 16; nearest 16"
    assert said.code == 0
    assert said.out.splitlines() == [
        f"se@8@8{refused}", "eca@8@8", f"se@8@4x6{refused}", "eca@8@4x6",
        "se@16@8", "eca@16@8", "se@16@4x6", "eca@16@4x6",
    ]  # fmt: skip
    assert "8 cells, 6 to measure" in said.err
    assert list(tmp_path.iterdir()) == []


# Showing again


def test_a_folder_shown_again_is_what_the_run_printed(cli, measured):
    said = cli("table", measured.folder)
    assert (said.code, said.out, said.err) == (0, measured.done.stdout, "")


def without_estimator(text):
    """``text`` without what the latency is of all samples, which a CSV does not say."""
    return re.sub(r"^latency: [^,]*,", "latency:", text, flags=re.MULTILINE)


def test_results_csv_shown_again_is_what_the_run_printed_but_for_the_time(cli, measured, monkeypatch):
    caption, rest = measured.done.stdout.split("\n", 1)
    said = cli("table", measured.folder / "results.csv")
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO((measured.folder / "results.csv").read_bytes()))
    )
    piped = cli("table", "-")
    assert said.out == piped.out
    assert without_estimator(said.out.split("\n", 1)[1]) == without_estimator(rest)
    assert caption.startswith(said.out.split("\n", 1)[0])


@pytest.mark.parametrize("form", ["csv", "md", "json"])
def test_a_run_in_another_format_is_the_same_whether_printed_at_once_or_again(cli, form):
    at_once = cli(*COUNT, "--format", form, "-o", "out").out
    assert cli("table", "out", "--format", form).out == at_once


def test_csv_through_a_pipe_comes_out_as_it_went_in(measured, command, tmp_path):
    text = (measured.folder / "results.csv").read_text()
    assert command("table", "-", "--format", "csv", cwd=tmp_path, input=text).stdout == text


def test_the_newest_run_is_the_default(cli, tmp_path):
    cli(*COUNT, "--name", "zz-old")
    environment = next((tmp_path / "reports").iterdir()) / "environment.json"
    old = json.loads(environment.read_text())
    environment.write_text(json.dumps({**old, "started": "2001-01-01T00:00:00+00:00"}))
    cli("count", "-m", "bam", "--points", "64@8", "--counters", "none", "--name", "aa-new")
    assert "bam" in cli("table").out


def test_columns_are_shown_in_the_order_asked_for(cli, wide):
    assert cli("table", wide, "--columns", "macs,module,seed", "--format", "csv").out.startswith(
        "macs,module,seed\n"
    )
    heading = cli("table", wide, "--columns", "macs,module,seed").out.split("\n\n")[1].splitlines()[0]
    assert heading.split()[:3] == ["MACs", "module", "seed"]


def test_a_table_into_a_file_leaves_stdout_empty_and_says_where(cli, wide, tmp_path):
    said = cli("table", wide, "--format", "md", "-o", "x.md")
    assert (said.code, said.out, said.err) == (0, "", "x.md\n")
    assert (tmp_path / "x.md").read_text() == cli("table", wide, "--format", "md").out


def test_showing_a_run_changes_nothing_in_its_folder(cli, measured):
    before = {path.name: path.read_bytes() for path in measured.folder.iterdir()}
    cli("table", measured.folder)
    assert {path.name: path.read_bytes() for path in measured.folder.iterdir()} == before
    assert set(before) == {"environment.json", EVENTS, "results.csv", "spec.toml"}


@pytest.mark.parametrize(
    ("options", "counted"),
    [((), False), (("--counters", "fvcore"), True), (("theirs.toml",), True)],
)
def test_count_asks_other_counters_where_it_is_told_to(cli, tmp_path, options, counted):
    (tmp_path / "theirs.toml").write_text('[measure]\ncounters = ["fvcore"]\n', encoding="utf-8")
    done = cli("count", *options, "-m", "se,eca", "--points", "16@8", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [bool(row["fvcore_macs"]) for row in rows] == [counted] * 2
    assert all(row["macs"] for row in rows)


def test_a_run_says_of_how_many_cells_other_counters_have_figures(cli, monkeypatch):
    line = ("count", "-m", "se,eca", "--points", "16@8", "--counters", "fvcore")
    assert "other counters" not in cli(*line).err

    def count_with(name, case, macs, counter=None):
        return macs if case.module == "se" else "not this one"

    monkeypatch.setattr("attnprof.subject.counts.count_with", count_with)
    assert "other counters have figures of 1 (fvcore) of 2 cells" in cli(*line).err
    assert "other counters" not in cli(*line, "--metrics", "params,macs").err  # it was asked for no figure


# The version


def test_the_version_is_one_line_and_as_json_what_a_bug_report_needs(capsys):
    assert main(["--version"]) == 0
    line = capsys.readouterr().out
    assert re.fullmatch(r"attnprof \d+\.\d+\.\d+\S*\n", line)
    assert main(["--version", "list"]) == 0
    assert capsys.readouterr().out == line
    assert main(["--version", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["attnprof_version"] in line
    assert {"python_version", "torch_version", "platform", "stdout_encoding"} <= facts.keys()


def test_json_without_version_says_where_a_format_goes(capsys):
    assert main(["--json", "list"]) == 2
    said = capsys.readouterr().err
    assert "--json goes with --version here; a command's format is its own --format json" in said
