"""Print: one unit and the same decimals down a column, exact counts whole, the best marked and never the identity."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.results.baseline import over
from attnprof.views.paper import paper, printed_cell
from tests.synthetic import WIDTH, results

FEW = "se,eca,cbam,simam,none"


@pytest.fixture(scope="module")
def grid():
    return results(modules=FEW, channels="32,64", res="28,14")


def column(printed, name, at=""):
    return next(each for each in printed.columns if (each.name, each.at) == (name, at))


def rows_of(printed):
    return [line.row for line in printed.sheet.lines]


def decimals(figure):
    return len(figure.text.partition(".")[2])


@pytest.mark.parametrize("pivot", ["", "channels", "res", "point"])
def test_a_figure_has_one_unit_and_the_same_decimals_throughout(grid, pivot):
    printed = paper(over(grid, "se"), (), pivot)
    for name in {each.name for each in printed.columns if each.number}:
        same = [each for each in printed.columns if each.name == name]
        assert len({each.unit for each in same}) == 1
        figures = [figure for each in same for figure in each.figures if figure.text not in ("", "0")]
        assert len({decimals(figure) for figure in figures}) <= 1, name


def test_counts_keep_every_digit(grid):
    printed = paper(grid)
    for name in ("params", "macs", "flops"):
        shown = [figure.text for figure in column(printed, name).figures]
        assert shown == [str(row[name]) for row in rows_of(printed)]


def test_a_cell_on_one_line_groups_its_digits_and_has_its_interval(grid):
    printed = paper(grid)
    latency, macs = column(printed, "latency_s"), column(printed, "macs")
    assert all(printed_cell(latency, figure).endswith("± 2.0 %") for figure in latency.figures)
    grouped = [f"{row['macs']:,}".replace(",", "\u202f") for row in rows_of(printed)]
    assert [printed_cell(macs, figure) for figure in macs.figures] == grouped


def test_blocks_are_of_one_size(grid):
    printed = paper(grid)
    sizes = [(row["height"], row["channels"]) for row in rows_of(printed)]
    assert sum(printed.blocks) == len(sizes)
    start = 0
    for length in printed.blocks:
        assert len(set(sizes[start : start + length])) == 1
        start += length


def test_the_least_of_a_size_is_marked_and_the_identity_never(grid):
    printed = paper(grid)
    rows = rows_of(printed)
    for name in ("params", "macs", "peak_memory_bytes"):
        for row, figure in zip(rows, column(printed, name).figures, strict=True):
            rivals = [r for r in rows if (r["height"], r["channels"]) == (row["height"], row["channels"])]
            rivals = [r[name] for r in rivals if r["module"] != "none"]
            least = row["module"] != "none" and row[name] == min(rivals) and len(set(rivals)) > 1
            assert figure.best == least


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 1.2))
def test_a_latency_is_marked_exactly_where_no_interval_tells_it_from_the_least(ratio):
    def latency(case):
        return {"se": 1e-4, "eca": ratio * 1e-4}.get(case.module, 1e-3)

    printed = paper(results(latency, modules="se,eca,cbam", channels="32", res="28"))
    marked = {
        row["module"]: f.best
        for row, f in zip(rows_of(printed), column(printed, "latency_s").figures, strict=True)
    }
    texts = {
        row["module"]: f.text
        for row, f in zip(rows_of(printed), column(printed, "latency_s").figures, strict=True)
    }
    told_apart = ratio * (1 - WIDTH) > 1 + WIDTH
    assert marked == {"se": True, "eca": not told_apart or texts["eca"] == texts["se"], "cbam": False}


def test_a_latency_without_an_interval_is_not_marked():
    found = results(modules=FEW, channels="32", res="28")
    frame = found.frame.copy()
    frame["latency_ci_low_s"] = frame["latency_ci_high_s"] = None
    printed = paper(type(found)(frame, {}, found.environment, found.spec, found.planned))
    assert not any(figure.best for figure in column(printed, "latency_s").figures)
    assert any(figure.best for figure in column(printed, "flops").figures)


def test_where_all_are_alike_none_is_the_best():
    printed = paper(results(lambda case: 1e-4, modules="se,eca", channels="32", res="28"))
    assert not any(figure.best for figure in column(printed, "latency_s").figures)


def test_what_is_equal_in_print_is_marked_together():
    alike = paper(
        results(
            lambda case: 1e-3 * {"se": 1, "eca": 1.0000001}.get(case.module, 9),
            modules="se,eca,cbam",
            channels="32",
            res="28",
        )
    )
    marks = {(f.text, f.best) for f in column(alike, "latency_s").figures}
    assert marks == {("1.00", True), ("9.00", False)}


def test_a_missing_figure_is_blank():
    printed = paper(
        results(lambda case: None if case.module == "se" else 1e-4, modules="se,eca", channels="32", res="28")
    )
    assert [f.text for f in column(printed, "latency_s").figures] == ["100", ""]
