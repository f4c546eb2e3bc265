"""A document: one unit down a column, the digits that intervals deserve, exact counts whole, the best
marked."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.formats import FORMATS, Look
from attnprof.results.baseline import over
from attnprof.views.document import Document, TableCell, TableColumn, in_units, words
from attnprof.views.run import document
from tests.synthetic import WIDTH, results

FEW = "se,eca,cbam,simam,none"


@pytest.fixture(scope="module")
def grid():
    return results(modules=FEW, channels="32,64", res="28,14")


def column(table, name, at=""):
    return next(one for one in in_units(table) if (one.column.name, one.column.at) == (name, at))


def keyed(table):
    """The rows' modules, heights and channels, in their order."""
    names = [one.name for one in table.columns]
    return [{name: cell.value for name, cell in zip(names, row, strict=True)} for row in table.rows]


@pytest.mark.parametrize("pivot", ["", "channels", "res", "point"])
def test_all_figures_of_a_column_are_in_one_unit(grid, pivot):
    columns = in_units(document(over(grid, "se"), (), pivot))
    for name in {one.column.name for one in columns if one.number}:
        assert len({one.unit for one in columns if one.column.name == name}) == 1


def significant_digits(text):
    return len(text.replace(".", "").lstrip("0"))


@pytest.mark.parametrize("kind", ["seconds", "bytes", "rate", "share", "ratio"])
@given(values=st.lists(st.floats(1.0, 1e5), min_size=2, max_size=9))
def test_over_five_decades_every_figure_has_the_digits_that_its_interval_deserves(kind, values):
    scaled = [value * {"seconds": 1e-6, "share": 1e-6}.get(kind, 1) for value in values]
    cells = [[TableCell(value, (value * 0.974, value * 1.026))] for value in scaled]
    table = Document(columns=[TableColumn("x", "x", kind)], rows=cells)
    (one,) = in_units(table)
    for figure, value in zip(one.figures, scaled, strict=True):
        assert significant_digits(figure.digits) >= 3 or float(figure.digits) == value
        assert figure.spread is not None


@pytest.mark.parametrize("name", ["md", "html", "latex", "text"])
def test_no_format_loses_the_digits_of_a_short_time_beside_long_ones(name):
    seconds = [2.55e-6, 312e-6, 1.5e-3, 0.26]
    rows = [[TableCell(value, (0.974 * value, 1.026 * value))] for value in seconds]
    text = (
        FORMATS.get(name).write(Document(columns=[TableColumn("t", "t", "seconds")], rows=rows), Look()).text
    )
    assert "255" in text.replace(".", "")
    assert "2.6" in text
    assert not re.search(r"(?<![\d.])(3|0\.002|0\.003) (±|&)", text)


def test_a_narrow_interval_shows_more_digits():
    column = TableColumn("t", "t", "seconds")
    shown = [
        words(column, TableCell(1.23456e-3, (1.23456e-3 - half, 1.23456e-3 + half)))
        for half in (4e-4, 4e-6, 4e-8)
    ]
    assert [text.partition(" ")[0] for text in shown] == ["1.23", "1.235", "1.23456"]


def test_counts_keep_every_digit(grid):
    printed = document(grid)
    for name in ("params", "macs", "flops"):
        shown = [figure.digits for figure in column(printed, name).figures]
        assert shown == [str(row[name]) for row in keyed(printed)]


def test_a_cell_on_one_line_groups_its_digits_and_has_its_interval(grid):
    printed = document(grid)
    latency, macs = column(printed, "latency_s"), column(printed, "macs")
    assert all(figure.line.endswith("± 2.0 %") for figure in latency.figures)
    grouped = [f"{row['macs']:,}".replace(",", "\u202f") for row in keyed(printed)]
    assert [figure.line for figure in macs.figures] == grouped


def test_blocks_are_of_one_size(grid):
    printed = document(grid)
    sizes = [(row["size"], row["channels"]) for row in keyed(printed)]
    assert sum(printed.blocks) == len(sizes)
    start = 0
    for length in printed.blocks:
        assert len(set(sizes[start : start + length])) == 1
        start += length


def test_the_least_of_a_size_is_marked_and_the_identity_never(grid):
    printed = document(grid)
    rows = keyed(printed)
    for name in ("params", "macs", "peak_memory_bytes"):
        for row, figure in zip(rows, column(printed, name).figures, strict=True):
            rivals = [r for r in rows if (r["size"], r["channels"]) == (row["size"], row["channels"])]
            rivals = [r[name] for r in rivals if r["module"] != "none"]
            least = row["module"] != "none" and row[name] == min(rivals) and len(set(rivals)) > 1
            assert figure.best == least


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 1.2))
def test_a_latency_is_marked_exactly_where_no_interval_tells_it_from_the_least(ratio):
    def latency(case):
        return {"se": 1e-4, "eca": ratio * 1e-4}.get(case.module, 1e-3)

    printed = document(results(latency, modules="se,eca,cbam", channels="32", res="28"))
    marked = {
        row["module"]: f.best
        for row, f in zip(keyed(printed), column(printed, "latency_s").figures, strict=True)
    }
    texts = {
        row["module"]: f.digits
        for row, f in zip(keyed(printed), column(printed, "latency_s").figures, strict=True)
    }
    told_apart = ratio * (1 - WIDTH) > 1 + WIDTH
    assert marked == {"se": True, "eca": not told_apart or texts["eca"] == texts["se"], "cbam": False}


def test_a_latency_without_an_interval_is_not_marked():
    found = results(modules=FEW, channels="32", res="28")
    frame = found.frame.copy()
    frame["latency_ci_low_s"] = frame["latency_ci_high_s"] = None
    printed = document(type(found)(frame, {}, found.environment, found.spec, found.planned))
    assert not any(figure.best for figure in column(printed, "latency_s").figures)
    assert any(figure.best for figure in column(printed, "flops").figures)


def test_where_all_are_alike_none_is_the_best():
    printed = document(results(lambda case: 1e-4, modules="se,eca", channels="32", res="28"))
    assert not any(figure.best for figure in column(printed, "latency_s").figures)


def test_what_is_equal_in_print_is_marked_together():
    alike = document(
        results(
            lambda case: 1e-3 * {"se": 1, "eca": 1.0000001}.get(case.module, 9),
            modules="se,eca,cbam",
            channels="32",
            res="28",
        )
    )
    marks = {(f.digits, f.best) for f in column(alike, "latency_s").figures}
    assert marks == {("1.00", True), ("9.00", False)}


def test_a_missing_figure_is_blank():
    printed = document(
        results(lambda case: None if case.module == "se" else 1e-4, modules="se,eca", channels="32", res="28")
    )
    assert [f.digits for f in column(printed, "latency_s").figures] == ["100", ""]
