"""The nearest names, and what a mistake says of itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.errors import (
    AttnprofError,
    EnvironmentProblem,
    ImpossibleShapeError,
    RunFolderError,
    SpecError,
    UnknownNameError,
    UsageError,
    nearest,
)

law = settings(derandomize=True, deadline=None, max_examples=60)
names = st.text(alphabet="abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12)


def test_two_letters_that_changed_places_are_recognised():
    assert nearest("cbma", ["cbam", "se", "nonlocal"]) == "Did you mean 'cbam'?"


def test_capital_letters_do_not_hide_a_name():
    assert nearest("CBAM", ["cbam", "se"]) == "Did you mean 'cbam'?"


def test_nothing_is_suggested_where_nothing_is_near():
    assert nearest("zzzzzz", ["cbam", "se"]) == ""


def test_several_near_names_are_joined_by_or():
    said = nearest("reductio", ["reduction", "reductions"])
    assert said == "Did you mean 'reduction' or 'reductions'?"


@given(names, st.integers(0, 4), st.lists(names, max_size=8))
@law
def test_no_more_names_are_suggested_than_asked_for(name, extra, known):
    said = nearest(name, [*known, *(name + "x" * n for n in range(extra))], most=2)
    assert said.count(" or ") <= 1


@given(names, st.lists(names, max_size=8))
@law
def test_a_known_name_is_its_own_nearest(name, others):
    assert nearest(name, [*others, name]).startswith(f"Did you mean '{name}'")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UsageError, 2),
        (UnknownNameError, 2),
        (ImpossibleShapeError, 2),
        (RunFolderError, 2),
        (EnvironmentProblem, 4),
    ],
)
def test_each_mistake_has_its_exit_code(kind, code):
    assert issubclass(kind, AttnprofError)
    assert kind("x").exit_code == code


def test_a_spec_error_is_a_value_error_that_ends_in_2():
    assert isinstance(SpecError(["x"]), ValueError)
    assert SpecError(["x"]).exit_code == 2


def test_a_spec_error_puts_each_problem_on_a_line_behind_its_field():
    problem = SpecError(["0 is not a size", "no such key"], [("res", "[1]"), ("batch", "")])
    assert str(problem) == "res[1]: 0 is not a size\nbatch: no such key"
    assert problem.problems == ("0 is not a size", "no such key")


def test_a_spec_error_without_fields_says_its_problems_alone():
    assert str(SpecError(["a", "b"])) == "a\nb"


def test_a_spec_error_whose_fields_do_not_match_its_problems_is_a_bug_and_says_so():
    with pytest.raises(ValueError, match="zip"):
        SpecError(["a", "b"], [("res", "")])
