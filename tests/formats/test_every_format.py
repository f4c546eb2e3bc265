"""Every format: no digit is ever clipped, what does not fit is named, what is missing is blank with its
reason."""

import csv as csv_reader
import io
import json
import re
from dataclasses import replace

import pytest

from attnprof.errors import UsageError
from attnprof.formats import FORMATS, Look
from attnprof.formats.text import NAME_WIDTHS
from attnprof.planning import plan
from attnprof.records.record import Measurement, account_event, done_event, visit_event
from attnprof.results import tabulate
from attnprof.results.header import HEADER
from attnprof.spec import Spec
from attnprof.views.document import words
from attnprof.views.run import document
from attnprof.views.screen import Wish

NAMES = FORMATS.names()


def written(name, found, columns=(), wish=None, **look):
    return FORMATS.get(name).write(document(found, columns, wish=wish), Look(**look))


EVERY_COLUMN = Wish(is_wide=True)


def laid(found, width=None):
    """The document that the text shows: a terminal, which has a width, has one of its own."""
    whole = document(found, wish=EVERY_COLUMN)
    return whole if width is None else whole.screen()


WIDTHS = (60, 80, 120, None)
ENVIRONMENT = {
    "run_id": "0123456789ab",
    "started": "2026-01-02T03:04:05+00:00",
    "attnprof_version": "0.1.0",
    "torch_version": "2.13.0+cpu",
    "device": "cpu",
    "device_name": "A*B_C|D <CPU>",
    "threads": 1,
}
LONG = "cbam(kernel_size=3,reduction=4,bias=false,norm=false)"


def events_of(cell, number):
    if cell.refusal:
        return [done_event(cell.case, "skipped", cell.refusal)]
    scale = 7**number
    counted = [
        Measurement("params", 123456789 * scale, "count"),
        Measurement("macs", 98765432101 * scale, "count"),
        Measurement("fvcore_macs", None, "count", note="fvcore failed: no"),
        Measurement("thop_macs", 98765432101 * scale // 3, "count"),
        Measurement("buffers", 0, "count"),
        Measurement("output_shape", "1x64x28x28", ""),
    ]
    low, middle, high = (1.234e-5 * scale * share for share in (0.9, 1, 1.2))
    measured = [
        Measurement("latency", middle, "s", (low, high), "samples", 40),
        Measurement("peak_memory", 123456789 * scale, "bytes", n=1),
        Measurement("first_call", 1.5, "s", n=1, note="a single call"),
    ]
    flags = ["contended"] if number == 1 else []
    return [
        account_event(cell.case, counted),
        visit_event(cell.case, 0, measured, flags),
        done_event(cell.case, "ok"),
    ]


@pytest.fixture(scope="module")
def results():
    planned = plan(Spec(modules=f"se,{LONG},nonlocal", points="64@28,8@28x7", train=True), "cpu")
    events = [event for number, cell in enumerate(planned.cells) for event in events_of(cell, number)]
    return tabulate(events, planned, ENVIRONMENT)


@pytest.fixture(scope="module")
def nothing():
    return tabulate([], plan(Spec(modules="se"), "cpu"), ENVIRONMENT)


def dropped(notes):
    assert len(notes) <= 1
    return notes[0].partition(": ")[2].split(", ") if notes else []


@pytest.mark.parametrize("name", NAMES)
def test_a_format_explains_itself_on_one_line(name):
    assert re.fullmatch(r"[^\n]{5,60}", FORMATS.get(name).help)


@pytest.mark.parametrize("name", NAMES)
def test_a_format_ends_without_an_empty_line(name, results, nothing):
    for found in (results, nothing):
        text = written(name, found).text
        assert text
        assert text == text.rstrip("\n")


@pytest.mark.parametrize("name", NAMES)
def test_a_format_leaves_the_results_as_they_were(name, results):
    before = results.frame.copy(), dict(results.notes)
    written(name, results, width=80)
    assert results.frame.equals(before[0])
    assert results.notes == before[1]


@pytest.mark.parametrize("name", NAMES)
def test_without_colour_there_is_no_escape_sequence(name, results):
    assert "\x1b" not in written(name, results, width=80).text


@pytest.mark.parametrize("width", [40, *WIDTHS])
def test_every_column_of_the_text_is_shown_or_named(results, width):
    shown = written("text", results, wish=EVERY_COLUMN, width=width)
    gone, whole = dropped(shown.notes), laid(results, width)
    titles = [column.title for column in whole.columns if column.title]
    assert set(gone) <= set(titles)
    headers = [line for line in shown.text.splitlines() if re.search(r" {2}latency\b", line)]
    assert len(headers) == max(1, len(whole.headings))
    for header in headers:
        words_of_line = re.split(r" {2,}", header.strip())
        kept = [title for title in titles if title not in gone]
        assert words_of_line[-len(kept) :] == kept


def clipped(whole, width):
    """Those rows of figures of the document ``whole`` that its text does not show whole."""
    shown = FORMATS.get("text").write(whole, Look(width=width))
    gone = dropped(shown.notes)
    kept = [
        n
        for n, column in enumerate(whole.columns)
        if column.title not in gone and column.name not in ("module", "bar")
    ]
    rows = [set(re.split(r" {2,}", line.strip())) for line in shown.text.splitlines()]
    texts = [
        [words(column, cell).strip() for column, cell in zip(whole.columns, row, strict=True)]
        for row in whole.rows
    ]
    figures_of = [{cells[n] for n in kept if cells[n]} for cells in texts]
    return [figures for figures in figures_of if not any(figures <= row for row in rows)]


def test_no_figure_is_clipped_where_nothing_has_to_fit(results):
    assert clipped(laid(results), None) == []


def test_no_figure_is_clipped_at_any_width(results):
    whole = laid(results, width=80)
    assert {width: lost for width in range(40, 141) if (lost := clipped(whole, width))} == {}


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_text_is_no_wider_than_the_terminal(results, width):
    text = written("text", results, wish=EVERY_COLUMN, width=width).text
    assert max(len(line) for line in text.splitlines()) <= width


def test_a_narrower_terminal_never_shows_more(results):
    gone = [
        set(dropped(written("text", results, wish=EVERY_COLUMN, width=width).notes))
        for width in (40, 60, 80, 120, 300)
    ]
    for narrow, wide in zip(gone, gone[1:], strict=False):
        assert wide <= narrow
    assert gone[0]
    assert not gone[-1]


def test_where_nothing_has_to_fit_every_column_is_there_on_lines_of_their_own(results):
    shown = written("text", results)
    text, notes = shown.text, shown.notes
    assert notes == ()
    assert LONG.partition("(")[0] in text
    for column in document(results).columns:
        assert column.title in text
    unwrapped = " ".join(text.split())
    for line in document(results).footnotes:
        assert line in unwrapped


@pytest.mark.parametrize("width", [60, 80])
def test_a_long_name_is_folded_and_not_cut(results, width):
    text = written("text", results, width=width).text
    name = next(row["variant"] for row in results.rows() if row["module"] == "cbam")
    assert len(name) > max(NAME_WIDTHS)
    letters = re.sub(r"\s", "", text)
    assert all(part in letters for part in name.replace("=", ",").split(","))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_row_that_was_skipped_is_in_the_text_with_its_reason(results, width):
    text = written("text", results, width=width).text
    line = " ".join(text.split())
    assert "skipped [" in line
    assert "channels must be at least the reduction = 16" in line


def test_with_colour_the_words_are_the_same(results):
    plain = written("text", results, width=120).text
    coloured = written("text", results, width=120, colour=True).text
    assert "\x1b[" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


@pytest.mark.parametrize("name", ["text", "md"])
def test_the_caption_says_what_the_figures_are_conditional_on(name, results):
    text = written(name, results).text
    for phrase in (
        "batch 1",
        "fp32",
        "1 thread",
        "2026-01-02 03:04",
        "MACs: multiply-accumulates",
        "latency: ",
    ):
        assert phrase in text


def test_a_caption_explains_no_column_that_is_not_there(results):
    shown = written("text", results, wish=EVERY_COLUMN, width=40)
    text, notes = shown.text, shown.notes
    assert "thop" in dropped(notes)
    assert "fvcore, thop:" not in text


@pytest.mark.parametrize("name", ["text", "md"])
def test_without_any_row_that_is_all_that_is_said(name, nothing):
    assert written(name, nothing, width=80).text.strip() == "no cell was finished"


@pytest.mark.parametrize("name", ["text", "md"])
def test_an_unknown_column_is_answered_with_the_nearest(name, results):
    with pytest.raises(UsageError, match=r"no column 'parms'\. Did you mean 'params'"):
        written(name, results, columns=("parms",))


@pytest.mark.parametrize("name", NAMES)
def test_every_format_has_the_columns_of_the_table_for_people(name, results):
    for column in [column for column in document(results).columns if column.name in results.frame.columns]:
        written(name, results, columns=("module", column.name))


@pytest.mark.parametrize("name", NAMES)
def test_the_columns_asked_for_come_in_their_order(name, results):
    text = written(name, results, columns=("macs", "module", "buffers")).text
    places = [text.casefold().index(word) for word in ("macs", "module", "buffers")]
    assert places == sorted(places)
    assert "thop" not in text


def cells_of(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_markdown_has_one_cell_per_column_in_every_row(results):
    text = written("md", results).text
    lines = text.split("\n\n")[0].splitlines()
    assert len(lines) == 2 + len(results.rows())
    assert {len(cells_of(line)) for line in lines} == {len(document(results).columns)}
    assert set(cells_of(lines[1])) == {"--:", ":--"}


def test_markdown_escapes_what_would_be_markup(results):
    text = written("md", results).text
    assert r"A\*B\_C\|D &lt;CPU>" in text
    assert r"kernel\_size=3" in text


def test_markdown_escapes_a_bar_inside_a_cell(results):
    frame = results.frame.copy()
    frame["variant"] = ["mode=a|b_c*<d>\\" for _ in frame.index]
    text = written("md", replace(results, frame=frame), columns=("variant", "params")).text
    row = text.splitlines()[2]
    assert cells_of(row)[0] == r"mode=a\|b\_c\*&lt;d>\\"
    assert len(cells_of(row)) == 3


def test_json_is_valid_and_its_figures_are_unrounded(results):
    whole = json.loads(written("json", results).text)
    assert whole["schema"] == 1
    assert whole["environment"] == ENVIRONMENT
    assert (whole["planned"], len(whole["rows"])) == (12, 12)
    for shown, row in zip(whole["rows"], results.rows(), strict=True):
        assert {name: shown[name] for name in row if name != "hyperparameters"} == {
            name: value for name, value in row.items() if name != "hyperparameters"
        }
        assert shown["hyperparameters"] == json.loads(row["hyperparameters"])


def test_json_has_null_and_the_reason_for_what_is_missing(results):
    rows = json.loads(written("json", results).text)["rows"]
    assert rows[0]["fvcore_macs"] is None
    assert rows[0]["notes"] == {"fvcore_macs": "fvcore failed: no", "first_call_s": "a single call"}
    skipped = next(row for row in rows if row["status"] == "skipped")
    assert (skipped["params"], skipped["notes"]) == (None, {})


def test_json_of_some_columns_has_these_and_their_notes(results):
    rows = json.loads(written("json", results, columns=("module", "fvcore_macs")).text)["rows"]
    assert rows[0] == {"module": "se", "fvcore_macs": None, "notes": {"fvcore_macs": "fvcore failed: no"}}


def test_csv_has_every_column_in_base_units(results):
    shown = written("csv", results, width=40)
    text, notes = shown.text, shown.notes
    header, *rows = csv_reader.reader(io.StringIO(text))
    assert notes == ()
    assert header == [*HEADER, "first_call_s", "processes"]
    assert len(rows) == len(results.rows())
    shown = dict(zip(header, rows[0], strict=True))
    assert (shown["params"], shown["latency_s"], shown["fvcore_macs"], shown["buffers"]) == (
        "123456789",
        "1.234e-05",
        "",
        "0",
    )


def test_csv_of_some_columns_has_these_in_their_order(results):
    text = written("csv", results, columns=("macs", "module")).text
    assert text.splitlines()[:2] == ["macs,module", "98765432101,se"]


@pytest.mark.parametrize("width", [60, 80, 140])
def test_places_that_a_module_is_tried_at_stay_apart_on_a_narrow_terminal(width):
    spec = Spec(modules="se", networks="resnet18", points="3@64", sweep_places=True, no_latency=True)
    planned = plan(spec, "meta")
    macs = [Measurement("macs", 10**9, "count"), Measurement("params", 10**7, "count")]
    counted = [account_event(cell.case, macs) for cell in planned.cells]
    done = [done_event(cell.case, "ok") for cell in planned.cells]
    text = written(
        "text", tabulate([*counted, *done], planned, {**ENVIRONMENT, "device": "meta"}), width=width
    ).text
    places = {cell.case.place for cell in planned.cells if cell.case.place}
    assert len(places) > 3
    assert all(re.search(rf"\bse +{re.escape(place)}", text) for place in places)
