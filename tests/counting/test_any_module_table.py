"""The table of an account: submodules with their params, MACs and FLOPs."""

import re

import pytest
from torch import nn

import attnprof
from attnprof.counting.summary import summary_rows
from tests.counting.truth.table import Does
from tests.pages import DOCS


def network():
    block = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
    return nn.Sequential(block, nn.Sequential(nn.Flatten(), nn.Linear(4 * 25, 10)), nn.Identity())


COUNTS = {
    "": (4 * 27 + 4 + 1000 + 10, 25 * 4 * 27 + 1000),
    "0": (4 * 27 + 4, 25 * 4 * 27),
    "0.0": (4 * 27 + 4, 25 * 4 * 27),
    "0.1": (0, 0),
    "1": (1010, 1000),
    "1.1": (1010, 1000),
}


def test_every_submodule_has_what_is_below_it():
    account = attnprof.cost(network(), (1, 3, 5, 5))
    rows = summary_rows(account, depth=9)
    assert [(row.params, row.macs) for row in rows] == list(COUNTS.values())
    assert rows[0].flops == account.flops
    assert [row.depth for row in rows] == [0, 1, 2, 2, 1, 2]


@pytest.mark.parametrize(("depth", "lines"), [(0, 1), (1, 3), (2, 6)])
def test_a_table_ends_at_its_depth(depth, lines):
    text = attnprof.cost(network(), (1, 3, 5, 5)).table(depth)
    table, remarks = text.split("\n\n")
    assert len(table.splitlines()) == 1 + lines
    assert remarks.startswith("forward, counted from shapes alone")


def test_a_shared_tensor_is_one_tensor_in_every_row():
    module = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    module[1].weight = module[0].weight
    rows = summary_rows(attnprof.cost(module, (2, 4)), depth=1)
    assert [row.params for row in rows] == [16, 16, 16]


def test_figures_that_may_be_too_small_are_marked_in_every_column():
    module = Does(lambda m, x: m.linear(x).matrix_exp(), linear=nn.Linear(4, 4))
    text = attnprof.cost(module, (4, 4)).table()
    row = text.splitlines()[1].split()
    assert [row.count("≥")] == [2]
    assert "no rule for aten.linalg_matrix_exp.default: MACs and FLOPs are at least these" in text


def test_a_notebook_shows_the_table():
    html = attnprof.cost("se", (1, 64, 7, 7))._repr_html_()
    assert html.startswith("<table><tr><th")
    assert "SE" in html
    assert html.count("<tr>") == 1 + 3


def test_a_real_run_says_so():
    module = Does(lambda m, x: m.linear(x) if x.sum() < 1e9 else x, linear=nn.Linear(4, 4))
    assert "a real run, as values of the input are read" in attnprof.cost(module, (4, 4)).table()


def test_the_table_on_the_page_is_what_its_code_prints(capsys):
    page = (DOCS / "counting.md").read_text(encoding="utf-8")
    code, table = re.search(r"```python\n(print.+?)```\n\n```text\n(.+?)```", page, re.DOTALL).groups()
    exec(code, {"attnprof": attnprof})
    assert capsys.readouterr().out == table
