"""What a table for people says once, what it says side by side, and what it says of a row."""

from dataclasses import replace

import pytest

from attnprof.records.record import FLAGS
from attnprof.results.baseline import over
from attnprof.views.sheet import ABOUT, cell_of, sheet
from tests.synthetic import results

FEW = "se,eca,cbam"


@pytest.fixture(scope="module")
def grid():
    return results(modules=FEW, channels="32,64", res="28")


def flagged(found, flags):
    frame = found.frame.copy()
    frame["flags"] = flags
    return replace(found, frame=frame)


def test_rows_side_by_side_show_the_same_texts_as_one_below_the_other(grid):
    below, beside = sheet(grid), sheet(grid, pivot="channels")
    columns = [column.name for column in below.columns]
    texts = {
        (cells[columns.index("module")], cells[columns.index("channels")]): cells for cells in below.cells
    }
    for line, cells in zip(beside.lines, beside.cells, strict=True):
        for column, text in zip(beside.columns, cells, strict=True):
            _, row = cell_of(column, line)
            assert text == texts[row["module"], str(row["channels"])][columns.index(column.name)]


def test_what_is_the_same_at_all_sizes_is_shown_once():
    beside = sheet(results(modules=FEW, channels="32", res="14,28"), pivot="res")
    titles = [column.title for column in beside.columns]
    assert titles[:2] == ["C", "module"]
    assert "params" in titles
    assert {"MACs 14x14", "MACs 28x28", "latency 14x14", "latency 28x28"} <= set(titles)


def test_the_pivot_itself_is_no_column(grid):
    assert "channels" not in [column.name for column in sheet(grid, pivot="channels").columns]
    assert "size" not in [
        column.name for column in sheet(results(modules=FEW, res="14,28"), pivot="res").columns
    ]


def test_a_ratio_stands_beside_its_figure(grid):
    names = [column.name for column in sheet(over(grid, "se")).columns]
    for figure, ratio in (
        ("params", "params"),
        ("macs", "macs"),
        ("latency_s", "latency"),
        ("peak_memory_bytes", "peak_memory"),
    ):
        assert names[names.index(figure) + 1] == f"{ratio}_over_se"


def test_a_ratio_is_marked_where_noise_allows_no_difference():
    found = over(
        results(lambda case: 1e-4 if case.module != "cbam" else 1e-3, modules=FEW, channels="32", res="28"),
        "se",
    )
    laid = sheet(found, ["module", "latency_s"])
    shown = {cells[0]: cells[2] for cells in laid.cells}
    assert shown == {"se": "1.00x", "eca": f"{ABOUT}1.00x", "cbam": "10.0x"}


def test_columns_asked_for_with_a_baseline_bring_their_ratio(grid):
    laid = sheet(over(grid, "se"), ["module", "macs"])
    assert [column.name for column in laid.columns] == ["module", "macs", "macs_over_se"]


def test_what_holds_for_every_row_is_said_once(grid):
    laid = sheet(flagged(grid, "contended"))
    assert laid.footnotes == [f"every row: contended: {FLAGS['contended']}"]
    assert "note" not in [column.name for column in laid.columns]


def test_what_holds_for_some_rows_is_numbered(grid):
    laid = sheet(flagged(grid, ["contended", "contended not-steady", *[""] * (len(grid.rows()) - 2)]))
    assert laid.columns[-1].name == "note"
    assert sorted(cells[-1] for cells in laid.cells if cells[-1]) == ["[1]", "[1] [2]"]
    assert [line[:3] for line in laid.footnotes] == ["[1]", "[2]"]


def test_beside_each_other_a_status_says_whose_it_is():
    found = results(
        lambda case: None if case.channels == 64 else 1e-4, modules="se,eca", channels="32,64", res="28"
    )
    laid = sheet(found, pivot="channels")
    assert [cells[-1].partition(" [")[0] for cells in laid.cells] == ["C=64: oom"] * 2


def test_cells_sheet_and_lines_are_as_many(grid):
    for pivot in ("", "channels", "point"):
        laid = sheet(grid, pivot=pivot)
        assert len(laid.cells) == len(laid.lines)
        assert {len(cells) for cells in laid.cells} == {len(laid.columns)}
