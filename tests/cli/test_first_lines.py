"""Of many rows a terminal shows the first lines, and says so; a page that would be too large the first rows."""

import re

import pytest

from attnprof.cli import _merge, _outcome, _table
from attnprof.cli._main import main
from attnprof.cli._terminal import Terminal
from attnprof.formats import Look
from attnprof.report import html, page, page_that_fits
from attnprof.results import of_folder
from tests.synthetic import folder as folder_of


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of 12 cells."""
    path = tmp_path_factory.mktemp("first") / "out"
    return folder_of(path, modules="se,eca,cbam", channels="64,128", res="28,14")


@pytest.fixture
def table(run, monkeypatch, capsys):
    """What ``table`` writes to stdout and stderr, on a terminal of 100 columns to which six rows are many."""
    monkeypatch.setattr(_table, "MANY", 6)
    monkeypatch.setattr(_table, "FIRST_LINES", 2)
    monkeypatch.setattr(Terminal, "look", lambda terminal: Look(100, colour=False, plain=False))

    def printed(*options):
        assert main(["table", str(run), *options]) == 0
        return capsys.readouterr()

    return printed


def rows(text):
    """How many rows of modules ``text`` has."""
    return len(re.findall(r"^[ ~\d=]*(?:se|eca|cbam) {2,}\S", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("options", "count", "is_cut"),
    [
        ([], 2, True),
        (["--sort", "params"], 2, True),
        (["--all"], 12, False),
        (["--top", "5"], 5, False),
        (["--where", "channels=64,res=14"], 3, False),
        (["--where", "channels=64"], 6, False),
    ],
)
def test_of_many_rows_a_terminal_shows_the_first_lines_unless_others_are_wanted(
    table, options, count, is_cut
):
    out, err = table(*options)
    assert rows(out) == count
    assert ("the first 2 lines of 12 rows" in err) == is_cut


def test_a_file_has_every_row(table, tmp_path):
    table("-o", str(tmp_path / "all.csv"))
    assert len((tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()) == 13


def test_no_line_at_all_is_no_number_of_lines(run, capsys):
    assert main(["table", str(run), "--top", "0"]) == 2
    assert "--top: 0 is no number of lines" in capsys.readouterr().err


def test_a_page_that_would_be_too_large_has_the_first_rows_and_says_so(run, monkeypatch):
    results = of_folder(run)
    whole = page(results, "run")
    assert page_that_fits(results, "run") == (whole, 12)
    monkeypatch.setattr(html, "LARGEST", len(whole.encode()) - 1)
    smaller, count = page_that_fits(results, "run")
    assert count < 12
    assert f"the first {count} of 12 rows" in smaller
    assert len(smaller) < len(whole)


def test_pick_and_report_look_at_the_rows_that_are_wanted(run, tmp_path, capsys):
    assert main(["pick", str(run), "--where", "channels=64", "--max-params", "1M", "--format", "csv"]) == 0
    assert "128" not in {cell for line in capsys.readouterr().out.splitlines() for cell in line.split(",")}
    assert main(["report", str(run), "--where", "res=14", "-o", str(tmp_path / "page.html")]) == 0
    assert "14x14" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_merged_run_of_many_cells_has_the_same_file_and_shows_its_first_lines(
    run, tmp_path, monkeypatch, capsys
):
    assert main(["merge", str(run), str(run), "-o", str(tmp_path / "whole")]) == 0
    monkeypatch.setattr(_merge, "MANY", 12)
    monkeypatch.setattr(_outcome, "FIRST_LINES", 2)
    capsys.readouterr()
    assert main(["merge", str(run), str(run), "-o", str(tmp_path / "parts")]) == 0
    assert "the first 2 of 12 rows, by latency" in capsys.readouterr().err
    whole, parts = ((tmp_path / name / "results.csv").read_bytes() for name in ("whole", "parts"))
    assert whole == parts
