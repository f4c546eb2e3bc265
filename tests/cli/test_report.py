"""attnprof report: where the page goes, what is said of it, and what mistakes get."""

import shutil

import pytest

from tests.cli.test_imports import imported


@pytest.fixture
def run(wide, tmp_path):
    """A run folder of one's own, called out."""
    return shutil.copytree(wide, tmp_path / "reports" / "out")


def test_the_page_goes_into_the_run_folder_and_its_path_is_the_result(cli, run):
    done = cli("report", run)
    assert (done.code, done.out, done.err) == (0, f"{run / 'report.html'}\n", "")
    text = (run / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "<title>reports/out · attnprof</title>" in text


def test_without_a_name_it_is_the_newest_run(cli, run):
    done = cli("report")
    assert (done.code, done.out) == (0, "reports/out/report.html\n")


def test_the_page_of_a_csv_goes_beside_it(cli, run, tmp_path):
    (tmp_path / "other").mkdir()
    cli("table", run, "--format", "csv", "-o", "other/results.csv")
    assert cli("report", "other/results.csv").out == "other/report.html\n"
    assert "<title>other · attnprof</title>" in (tmp_path / "other" / "report.html").read_text(
        encoding="utf-8"
    )


def test_the_page_goes_where_it_is_asked_to(cli, run, tmp_path):
    assert cli("report", run, "-o", "page.html").out == "page.html\n"
    assert (tmp_path / "page.html").exists()
    assert not (run / "report.html").exists()


def test_a_csv_on_standard_input_needs_a_name_for_its_page(cli, command, run, tmp_path):
    done = cli("report", "-")
    assert done.code == 2
    assert done.err == "error: a CSV on standard input has no folder; name the page: -o page.html\n"
    csv = cli("table", run, "--format", "csv").out
    piped = command("report", "-", "-o", "page.html", cwd=tmp_path, input=csv)
    assert (piped.returncode, piped.stdout) == (0, "page.html\n")
    assert "standard input" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_page_is_never_written_over_a_results_csv(cli, run):
    before = (run / "records.jsonl").read_bytes()
    done = cli("report", run, "-o", run / "records.jsonl")
    assert done.code == 2
    assert (
        done.err
        == f"error: -o: {run / 'records.jsonl'} is no name for a page; write {run / 'records.html'}\n"
    )
    assert (run / "records.jsonl").read_bytes() == before


def test_a_place_that_cannot_be_written_is_a_matter_of_the_machine(cli, run):
    done = cli("report", run, "-o", "nowhere/page.html")
    assert (done.code, done.out) == (4, "")
    assert done.err == "error: cannot write nowhere/page.html: no such file or directory\n"


def test_a_folder_without_a_run_is_named(cli, tmp_path):
    done = cli("report", tmp_path)
    assert done.code == 2
    assert done.err.startswith(f"error: {tmp_path} holds no run")


def test_a_page_is_made_without_torch(run, tmp_path):
    [(code, printed, packages)] = imported(f"report {run}", cwd=tmp_path)
    assert (code, printed) == (0, True)
    assert not {"torch", "fvcore", "thop"} & packages
