"""Rows side by side: every row stands in exactly one line, and what programs get holds every figure."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.errors import UsageError
from attnprof.results.pivot import KEYS, ONCE, flat, lines
from tests.synthetic import results

FEW = "se,eca,cbam"


@pytest.fixture(scope="module")
def grid():
    return results(modules=FEW, channels="8,32,64", res="28x14,14", train=True)


@pytest.mark.parametrize("key", ["", *KEYS])
def test_every_row_stands_in_exactly_one_line(grid, key):
    _, found = lines(grid, key)
    numbers = [number for line in found for number, _ in line.cells.values()]
    assert sorted(numbers) == list(range(len(grid.rows())))
    for line in found:
        assert all(row == grid.rows()[number] for number, row in line.cells.values())


@pytest.mark.parametrize("key", list(KEYS))
def test_rows_of_a_line_differ_in_the_pivot_alone(grid, key):
    headings, found = lines(grid, key)
    for line in found:
        assert list(line.cells) == [heading for heading in headings if heading in line.cells]
        for _, row in line.cells.values():
            same = {"module", "variant", "channels", "height", "width", "mode"} - set(KEYS[key].covers)
            assert {name: row[name] for name in same} == {name: line.row[name] for name in same}


def test_headings_are_in_the_order_of_the_numbers(grid):
    assert lines(grid, "channels")[0] == ["C=8", "C=32", "C=64"]
    assert lines(grid, "res")[0] == ["14x14", "28x14"]
    assert lines(grid, "mode")[0] == ["eval", "train"]


def test_two_rows_that_differ_in_nothing_said_stay_two_lines(grid):
    frame = grid.frame.copy()
    frame["channels"] = 8
    found = lines(type(grid)(frame, {}, {}, grid.spec, 0), "channels")[1]
    assert len(found) == len(grid.rows())


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["", *KEYS]),
    st.lists(st.sampled_from(["module", "macs", "latency_s", "channels"]), unique=True),
)
def test_what_programs_get_holds_every_figure(grid, key, columns):
    headings, found = lines(grid, key)
    covered = KEYS[key].covers if key else ()
    shown = flat(grid, columns, key)
    assert len(shown) == len(found)
    for (values, _), line in zip(shown, found, strict=True):
        for name in [name for name in columns if name not in covered]:
            if not key or name in ONCE:
                assert values[name] == line.row[name]
            else:
                figures = {at: line.cells[at][1][name] if at in line.cells else None for at in headings}
                assert {at: values[f"{name}@{at}"] for at in headings} == figures


def test_a_note_goes_where_its_figure_goes(grid):
    noted = type(grid)(grid.frame, {(1, "macs"): "why"}, grid.environment, grid.spec, grid.planned)
    row = grid.rows()[1]
    notes = [notes for _, notes in flat(noted, (), "channels") if notes]
    assert notes == [{f"macs@C={row['channels']}": "why"}]


def test_an_unknown_pivot_is_answered_with_those_that_there_are(grid):
    with pytest.raises(
        UsageError, match="--pivot: 'chanels' is not one of channels.*Did you mean 'channels'"
    ):
        lines(grid, "chanels")
