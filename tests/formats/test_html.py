"""HTML for a notebook: every cell of the table, and nothing that a user wrote is markup."""

import re
from dataclasses import replace
from html import unescape

import pytest

from attnprof.formats import Look
from attnprof.formats.html import write
from attnprof.views.document import in_units
from attnprof.views.run import document
from tests.synthetic import results


@pytest.fixture(scope="module")
def grid():
    return results(modules="se,eca,cbam", channels="32,64", res="28")


def test_results_show_themselves_in_a_notebook(grid):
    assert grid._repr_html_() == write(document(grid), Look()).text


@pytest.mark.parametrize("pivot", ["", "channels"])
def test_every_cell_is_there(grid, pivot):
    html = write(document(grid, pivot=pivot), Look()).text
    cells = [unescape(text) for text in re.findall(r"<td[^>]*>(.*?)</td>", html)]
    columns = in_units(document(grid, pivot=pivot))
    texts = [[figure.line for figure in column.figures] for column in columns]
    assert cells == [text for line in zip(*texts, strict=True) for text in line]


def test_what_a_user_wrote_stays_text(grid):
    frame = grid.frame.copy()
    frame["module"] = "<script>alert(1)</script>"
    frame["reason"] = "<img src=x onerror=alert(1)>"
    html = write(document(replace(grid, frame=frame)), Look()).text
    assert not re.search(r"<(script|img)", html)
    assert "&lt;script&gt;" in html
