"""Texts of strangers: what a terminal, a file or a spreadsheet would act on is spelled, and a CSV gives it back."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.records.characters import csv_cell, from_csv_cell, printable, printable_lines

law = settings(derandomize=True, deadline=None, max_examples=300)
anything = st.text(st.characters(exclude_categories=()), max_size=30)
spreadsheets = st.text(st.sampled_from("=+-@'\"\t\r\n\\u{}1b5c,;|＝ \x1b\x00"), max_size=12)
ACTING = {
    "CSI": "\x1b[2J",
    "OSC 0": "\x1b]0;title\x07",
    "OSC 52": "\x1b]52;c;ZXZpbA==\x1b\\",
    "C1": "\x9b2J\x9d0;title\x9c\x90",
    "bidi": "\u202e\u2066\u2069\u200f\u061c",
    "line breaks": "\n\r\x0b\x0c\x85\u2028\u2029",
    "backspace and DEL": "\x08\x7f",
    "lone surrogate": "\udc9b\ud83d",
    "NUL": "\x00",
}


@pytest.mark.parametrize("text", ACTING.values(), ids=ACTING)
def test_no_character_that_acts_is_left(text):
    spelled = printable(f"a{text}b")
    assert spelled.isprintable()
    assert spelled.startswith("a\\")
    assert spelled.encode()


def test_what_is_spelled_can_be_recognised():
    assert printable("a\x1b[2J\n\u202eb\x9b") == r"a\x1b[2J\n\u202eb\x9b"


@pytest.mark.parametrize("text", ["se", "8\u202f192", "größe", "注意", "± 4 %", "a b", "", "C:\\new"])
def test_any_other_text_stays_as_it_is(text):
    assert printable(text) is text or printable(text) == text


def test_lines_stay_lines_and_styles_stay_only_where_they_are_wanted():
    text = "\x1b[1mse\x1b[0m\t1\n\x1b[2Jeca\r"
    assert printable_lines(text, styles=True) == "\x1b[1mse\x1b[0m\t1\n\\x1b[2Jeca\\r"
    assert printable_lines(text) == "\\x1b[1mse\\x1b[0m\t1\n\\x1b[2Jeca\\r"


@given(anything | spreadsheets, st.booleans())
@law
def test_a_cell_of_a_csv_gives_back_the_text_and_holds_nothing_that_acts_or_runs(text, ascii_only):
    cell = csv_cell(text, ascii_only)
    assert from_csv_cell(cell) == text
    assert printable(cell) == cell
    assert not cell.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"))
    assert cell.isascii() or not ascii_only


@given(st.lists(anything | spreadsheets, min_size=1, max_size=4))
@law
def test_a_row_of_any_texts_is_one_line(texts):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(map(csv_cell, ["x", *texts]))
    assert out.getvalue().count("\n") == 1
    [row] = csv.reader(io.StringIO(out.getvalue()))
    assert list(map(from_csv_cell, row)) == ["x", *texts]


@pytest.mark.parametrize("cell", ["'=1+1", "plain", "it's", r"\u{110000}", r"\u{}", "'", "''"])
def test_what_an_earlier_version_wrote_is_read_as_before(cell):
    assert from_csv_cell(cell) == (cell[1:] if cell.startswith("'=") else cell)
