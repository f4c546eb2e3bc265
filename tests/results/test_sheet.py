"""A results.csv is read back cell by cell: what no run writes is a mistake with its line."""

import csv
import io

import pytest

from attnprof.cli._results import results_of
from attnprof.errors import RunFolderError
from attnprof.formats import Look
from attnprof.formats import csv as format_csv
from attnprof.results import of_csv
from attnprof.views.run import document
from tests.synthetic import results


@pytest.fixture(scope="module")
def rows():
    """The lines of a results.csv, as cells."""
    text = format_csv.write(document(results(modules="se,cbam", points="64@8")), Look()).text
    return list(csv.reader(io.StringIO(text)))


def written(rows, path, delimiter=","):
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def with_cell(rows, column, text):
    """``rows`` with another text in the second row of figures."""
    header, first, second = rows
    return [
        header,
        first,
        [text if name == column else cell for name, cell in zip(header, second, strict=True)],
    ]


MISTAKES = [
    ("channels", "x", "'x' is not a whole number"),
    ("channels", "", "None is not a whole number from 1"),
    ("height", "0", "0 is not a whole number from 1"),
    ("macs", "1.5", "'1.5' is not a whole number"),
    ("macs", "9" * 400, f"'{'9' * 60}' is not a whole number"),
    ("latency_s", "fast", "'fast' is not a number"),
    ("latency_s", "nan", "'nan' is not a number"),
    ("latency_s", "1e400", "'1e400' is not a number"),
    ("hyperparameters", "{", "'{' is no JSON object of settings"),
    ("hyperparameters", "[1]", "'[1]' is no JSON object of settings"),
    ("hyperparameters", '{"reduction": {}}', """'{"reduction": {}}' is no JSON object of settings"""),
    ("hyperparameters", "[" * 5000, f"'{'[' * 60}' is no JSON object of settings"),
]


@pytest.mark.parametrize(("column", "text", "says"), MISTAKES, ids=[f"{c}={t[:9]}" for c, t, _ in MISTAKES])
def test_a_cell_that_no_run_writes_is_refused_with_its_line(rows, tmp_path, column, text, says):
    path = written(with_cell(rows, column, text), tmp_path / "x.csv")
    with pytest.raises(RunFolderError) as problem:
        of_csv(path)
    assert str(problem.value) == f"{path}:3: {column}: {says}"


def test_a_row_of_another_length_is_refused_with_its_line(rows, tmp_path):
    for row in (rows[2][:-1], [*rows[2], "1"]):
        with pytest.raises(
            RunFolderError, match=r"x\.csv:3: \d+ cells below \d+ columns; the file is damaged"
        ):
            of_csv(written([*rows[:2], row], tmp_path / "x.csv"))


def test_a_column_that_is_there_twice_is_refused(rows, tmp_path):
    with pytest.raises(RunFolderError, match="the column 'schema' is there twice"):
        of_csv(written([[*row, row[0]] for row in rows], tmp_path / "x.csv"))


def test_other_delimiters_and_a_cell_beyond_all_limits_are_refused(rows, tmp_path):
    with pytest.raises(RunFolderError, match="no column 'schema'"):
        of_csv(written(rows, tmp_path / "x.csv", delimiter=";"))
    with pytest.raises(RunFolderError, match="field larger than field limit"):
        of_csv(written(with_cell(rows, "reason", "x" * 200_000), tmp_path / "x.csv"))


def test_a_byte_order_mark_and_empty_lines_are_no_damage(rows, tmp_path):
    path = written(rows, tmp_path / "x.csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\n\n"))
    assert [row["module"] for row in of_csv(path).rows()] == ["se", "cbam"]


def test_a_column_that_nothing_declares_holds_numbers_or_texts(rows, tmp_path):
    more = [[*row, cell] for row, cell in zip(rows, ["mine", "1", "nan"], strict=True)]
    assert [row["mine"] for row in of_csv(written(more, tmp_path / "x.csv")).rows()] == [1, "nan"]


def test_standard_input_gives_what_the_file_gives(rows, tmp_path, monkeypatch):
    path = written(rows, tmp_path / "x.csv")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert results_of("-").rows() == results_of(str(path)).rows()
