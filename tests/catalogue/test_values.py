"""A hyperparameter with a value for every stage."""

import pytest

from attnprof.catalogue.values import at_stage, is_staged, values_of
from attnprof.errors import UsageError
from attnprof.planning import plan
from attnprof.spec import Spec


def test_a_staged_text_has_a_value_for_each_stage():
    assert is_staged("3/5/5/7")
    assert values_of("3/5/5/7") == [3, 5, 5, 7]
    assert values_of("true/false") == [True, False]


@pytest.mark.parametrize("value", [3, True, None, "add", 0.5])
def test_a_plain_value_is_that_of_every_stage(value):
    assert not is_staged(value)
    assert [at_stage({"x": value}, stage, 3) for stage in (1, 2, 3)] == [{"x": value}] * 3


def test_stages_count_from_one():
    assert [at_stage({"k": "3/5/7", "r": 16}, stage, 3) for stage in (1, 2, 3)] == [
        {"k": k, "r": 16} for k in (3, 5, 7)
    ]


def test_values_and_stages_have_to_agree_in_number():
    with pytest.raises(UsageError, match="k=3/5: 2 values, and the network has 4 stages"):
        at_stage({"k": "3/5"}, 1, 4)


def test_every_value_has_to_be_of_the_kind():
    with pytest.raises(ValueError, match="'big' is not a whole number"):
        Spec(modules="se(reduction=8/big)", networks="resnet50")


def test_without_a_network_there_are_no_stages():
    with pytest.raises(UsageError, match=r"se\.reduction: 8/16 gives each stage of a network its own"):
        plan(Spec(modules="se(reduction=8/16)"), "cpu")
