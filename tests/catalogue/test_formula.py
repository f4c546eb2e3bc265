"""Formulas as text: their value, their symbols, and the sentences around them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.catalogue.formula import FUNCTIONS, evaluate, fill, symbols

law = settings(derandomize=True, deadline=None, max_examples=60)
sizes = st.integers(1, 8192)


@given(sizes, st.integers(1, 64))
@law
def test_integer_arithmetic_stays_exact(channels, reduction):
    value = evaluate("2*C*(C // reduction) * 10**20", {"C": channels, "reduction": reduction})
    assert value == 2 * channels * (channels // reduction) * 10**20
    assert type(value) is int


def test_a_condition_chooses():
    text = "hidden + C if bias else 0"
    assert evaluate(text, {"hidden": 4, "C": 64, "bias": True}) == 68
    assert evaluate(text, {"hidden": 4, "C": 64, "bias": False}) == 0


def test_space_around_a_formula_does_not_matter():
    assert evaluate("  C + 1\n", {"C": 1}) == 2
    assert symbols("  C + 1\n") == {"C"}


@pytest.mark.parametrize(
    "text", ["unknown + 1", "open('x')", "__import__('os')", "print('abc')", "eval('1')"]
)
def test_a_name_that_is_neither_given_nor_a_function_is_refused(text):
    with pytest.raises(NameError):
        evaluate(text, {"C": 1})


def test_a_given_name_outranks_a_function():
    assert evaluate("round", {"round": 3}) == 3


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_are_not_symbols(name):
    assert symbols(f"{name}(C)") == {"C"}


def test_symbols_are_found_in_every_branch():
    assert symbols("max(a, b) if c in ('x', 'y') else d // 2") == {"a", "b", "c", "d"}


def test_the_names_given_are_left_as_they_were():
    names = {"C": 2}
    evaluate("[C for C in (1, 2)]", names)
    assert names == {"C": 2}


def test_fill_replaces_each_expression_by_its_value():
    assert fill("a multiple of {2*groups} = 2 x {groups}", {"groups": 8}) == "a multiple of 16 = 2 x 8"


def test_fill_leaves_a_sentence_without_expressions_alone():
    assert fill("plain words", {}) == "plain words"


@given(sizes)
@law
def test_fill_says_what_evaluate_gives(channels):
    assert fill("{C // 16}", {"C": channels}) == str(evaluate("C // 16", {"C": channels}))
