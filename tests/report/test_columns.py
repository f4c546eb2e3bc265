"""Columns: whatever a table holds, it comes back the same."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.report.columns import SAFE, encode

law = settings(derandomize=True, deadline=None, max_examples=60)

NUMBERS = st.none() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.none() | st.text(max_size=3)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, TEXTS, TEXTS), min_size=1, max_size=6)


def decode(table):
    """What the page's script does, in Python."""
    columns = {name: [value] * table["rows"] for name, value in table["constant"].items()}
    columns |= {name: [coded["values"][n] for n in coded["of"]] for name, coded in table["coded"].items()}
    columns |= table["plain"]
    columns |= {name: columns[other] for name, other in table["same"].items()}
    exact = {name: [int(v) if isinstance(v, str) else v for v in columns[name]] for name in table["big"]}
    exact |= {name: exact[other] for name, other in table["same"].items() if other in exact}
    return {**columns, **exact}


def by_column(rows):
    return dict(zip("abcd", map(list, zip(*rows, strict=True)), strict=True))


@law
@given(ROWS)
def test_a_table_comes_back_with_every_value_and_type(rows):
    columns = by_column(rows)
    back = decode(json.loads(json.dumps(encode(columns, len(rows)), allow_nan=False)))
    assert {name: [(type(v), v) for v in values] for name, values in back.items()} == {
        name: [(type(v), v) for v in values] for name, values in columns.items()
    }


@law
@given(ROWS)
def test_no_number_is_one_that_javascript_would_round(rows):
    table = encode(by_column(rows), len(rows))
    sent = [v for values in table["plain"].values() for v in values] + list(table["constant"].values())
    assert all(abs(v) <= SAFE for v in sent if isinstance(v, int))


def test_what_does_not_vary_is_said_once():
    table = encode({"dtype": ["fp32"] * 3, "a": [1, 2, 3], "b": [1, 2, 3], "c": [1.0, 2.0, 3.0]}, 3)
    assert table["constant"] == {"dtype": "fp32"}
    assert table["same"] == {"b": "a"}
    assert table["plain"] == {"a": [1, 2, 3], "c": [1.0, 2.0, 3.0]}


def test_a_float_that_is_no_number_is_missing():
    assert encode({"a": [float("nan"), 1.0, float("inf")]}, 3)["plain"] == {"a": [None, 1.0, None]}
