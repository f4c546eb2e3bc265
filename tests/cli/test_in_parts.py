"""A table that is written part by part is the table that is written at once."""

from pathlib import Path

import pytest

from attnprof.cli._in_parts import write_in_parts
from attnprof.cli._results import write_document
from attnprof.errors import EnvironmentProblem
from attnprof.records.journal import environment_in
from attnprof.results import folder as reading
from attnprof.results import of_folder
from attnprof.results.folder import FolderParts, outline_of_folder
from attnprof.views.run import document

REPORTS = Path(__file__).parents[2] / "reports"
KEPT = ["20261130-networks-cpu", "20261201-runtimes-cpu", "20261130-part1-meta"]
FEW = 5  # lines


def parts_of(name: str) -> FolderParts:
    folder = REPORTS / name
    environment = environment_in(folder)
    return FolderParts(folder, outline_of_folder(folder, environment), environment)


@pytest.mark.parametrize("name", KEPT)
def test_the_file_has_the_same_bytes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_document(tmp_path / "whole.csv", document(of_folder(REPORTS / name)), "csv")
    monkeypatch.setattr(reading, "CELLS", 1)
    table = write_in_parts(tmp_path / "parts.csv", parts_of(name), FEW)
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert table.rows == len(of_folder(REPORTS / name).frame)


@pytest.mark.parametrize(("name", "column"), [(KEPT[0], "latency_s"), (KEPT[2], "macs")])
def test_the_first_lines_cost_least(
    name: str, column: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = sorted(row[column] for row in of_folder(REPORTS / name).rows() if row[column] is not None)
    monkeypatch.setattr(reading, "CELLS", 1)
    table = write_in_parts(tmp_path / "parts.csv", parts_of(name), FEW)
    assert [row[column] for row in table.first.rows()] == figures[:FEW]
    assert table.order == {"latency_s": "latency", "macs": "MACs"}[column]


def test_a_column_of_a_later_part_is_one_of_all_rows(tmp_path: Path) -> None:
    """A run of counts has none of the columns that a module in a network has."""
    plain, inside = next(iter(parts_of(KEPT[2]))), next(iter(parts_of(KEPT[0])))
    write_in_parts(tmp_path / "both.csv", [plain, inside], FEW)
    header, first, *_ = (tmp_path / "both.csv").read_text(encoding="utf-8").splitlines()
    assert "added_latency_s" in header.split(",")
    assert first.endswith(",,")


def test_a_folder_that_takes_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="cannot write"):
        write_in_parts(tmp_path / "gone" / "results.csv", parts_of(KEPT[2]), FEW)
