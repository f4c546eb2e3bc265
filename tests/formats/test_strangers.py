"""A folder's texts are a stranger's: none of them acts on a terminal, a spreadsheet, a page, a table or a comment."""

import csv as csv_reader
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.formats import FORMATS, Look
from attnprof.records.characters import printable_lines
from attnprof.results import of_csv
from attnprof.views.document import Document, Remark, TableCell, TableColumn
from attnprof.views.run import document
from tests.every_case import every_case
from tests.records.test_characters import ACTING
from tests.synthetic import results

LOOKS = [Look(), Look(width=100), Look(width=100, colour=True), Look(width=60, plain=True), Look(plain=True)]
STYLE = re.compile(r"\x1b\[[0-9;]*m")
MARKS = re.compile(r"\\[a-z]|[\x00-\x1f]")


@pytest.fixture(scope="module")
def grid():
    return results(modules="se,eca", channels="32,64", res="28")


def strange(grid, text):
    """The results ``grid`` with ``text`` wherever a folder has a text of its own."""
    frame = grid.frame.copy()
    texts = [name for name, kind in grid.kinds.items() if kind == "text"]
    for name in {"module", "variant", "reason", "flags", "device_name", "run_id", "dtype", "place"} & {
        *texts
    }:
        frame[name] = text
    frame["status"] = "failed"
    environment = {**grid.environment, "device_name": text, "torch_version": text, "run_id": text}
    notes = {(0, name): text for name in ("macs", "latency_s", "fvcore_macs")}
    return replace(grid, frame=frame, environment=environment, notes=notes)


def lay(text):
    """A document that has ``text`` in every place."""
    cell = TableCell(text, note=text, sign=text)
    column = TableColumn(text, text, at=text, baseline=text, right=False)
    part = Document(columns=[column], rows=[[cell]], title=text, below=[text])
    return Document(
        columns=[TableColumn("n", "n", "count"), column, TableColumn("code", text, "code")],
        rows=[[TableCell(1, sign=text, note=text), cell, TableCell(text, note=text)]] * 2,
        above=[Remark(text), Remark(text, frozenset({"n"}), titled=True)],
        footnotes=[text], below=[text], blocks=[2], headings=[text], tails=[text],
        findings=lambda: [text], commands=[text], title=text, parts=[part], origin=text,
    )  # fmt: skip


@pytest.mark.parametrize("name", FORMATS.names())
def test_no_text_of_a_folder_acts_in_any_format(name, grid):
    entry = FORMATS.get(name)
    with every_case() as case:
        for label, text in ACTING.items():
            for laid in (lay(f"a{text}b"), document(strange(grid, f"a{text}b"))):
                for look in LOOKS:
                    with case(name, label, look):
                        written = entry.write(laid, look)
                        shown = STYLE.sub("", written.text) if look.colour else written.text
                        assert printable_lines(shown) == shown
                        assert all(note.isprintable() for note in written.notes)
                        assert shown.encode()


@pytest.mark.parametrize("name", FORMATS.names())
def test_a_text_adds_no_line_whatever_it_holds(name, grid):
    entry = FORMATS.get(name)
    usual = len(entry.write(lay("ab"), Look()).text.splitlines())
    with every_case() as case:
        for label, text in ACTING.items():
            with case(name, label):
                assert len(entry.write(lay(f"a{text[:1]}b"), Look()).text.splitlines()) == usual


@pytest.mark.parametrize("breaks", ["\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_a_line_break_leaves_no_comment_of_latex(breaks):
    text = FORMATS.get("latex").write(replace(lay("x"), origin=f"run{breaks}\\input{{evil}}"), Look()).text
    assert [line for line in text.splitlines() if "input" in line and not line.startswith("%")] == []


@pytest.mark.parametrize(
    "text", ["a|b", "`a|b`", "a`b|c", "[a](http://b)", "![a](http://b)", "\\|", "a\nb|c"]
)
def test_a_text_leaves_no_cell_of_markdown(text):
    table = FORMATS.get("md").write(replace(lay(text), title=""), Look()).text.split("\n\n")[0].splitlines()
    for line in table:
        assert len(re.split(r"(?<!\\)(?:\\\\)*\|", line)) == 5
        assert "](" not in re.sub("`.*?`", "", line)


class Elements(HTMLParser):
    """The elements of a page and their attributes."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, tuple(attrs)))


@pytest.mark.parametrize("text", ['"><script>x</script>', "' onload='x", "<!--", "</td>\n<b>", "&#60;b&#62;"])
def test_a_text_makes_no_element_and_no_attribute_of_html(text):
    entry = FORMATS.get("html")
    assert Elements(entry.write(lay(text), Look()).text).elements == (
        Elements(entry.write(lay("x"), Look()).text).elements
    )


@pytest.mark.parametrize("plain", [False, True])
def test_json_is_exact_whatever_a_text_holds(grid, plain):
    with every_case() as case:
        for label, text in {**ACTING, "other letters": "µ größe 注意 \u202f"}.items():
            with case(label):
                whole = json.loads(
                    FORMATS.get("json").write(document(strange(grid, text)), Look(plain=plain)).text
                )
                assert {row["variant"] for row in whole["rows"]} == {text}
                assert whole["environment"]["device_name"] == text
                rows = json.loads(FORMATS.get("json").write(lay(text), Look(plain=plain)).text)["rows"]
                assert rows[0][f"{text}@{text}"] == text


@given(st.text(st.characters(exclude_categories=()), max_size=20), st.booleans())
@settings(derandomize=True, deadline=None, max_examples=60)
def test_results_csv_gives_back_every_text(tmp_path_factory, grid, text, plain):
    laid = strange(grid, text)
    path = tmp_path_factory.mktemp("csv") / "results.csv"
    path.write_text(FORMATS.get("csv").write(document(laid), Look(plain=plain)).text + "\n", encoding="utf-8")
    for row, before in zip(of_csv(path).rows(), laid.rows(), strict=True):
        assert {name: row[name] for name in ("module", "variant", "reason", "device_name", "flags")} == {
            name: before[name] for name in ("module", "variant", "reason", "device_name", "flags")
        }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1"])
def test_no_cell_and_no_heading_of_a_csv_is_a_formula(text):
    laid = lay(text)
    for row in csv_reader.reader(io.StringIO(FORMATS.get("csv").write(laid, Look()).text)):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")) for cell in row)


def test_numbers_of_a_csv_stay_numbers():
    laid = Document(columns=[TableColumn("change", "change", "change")], rows=[[TableCell(-0.5)]])
    assert FORMATS.get("csv").write(laid, Look()).text == "change\n-0.5"
