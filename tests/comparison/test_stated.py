"""What sources state of a module's settings."""

import pytest

from attnprof.comparison.stated import may_be, stated


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("r=16, FC without bias", {"reduction": 16, "bias": False}),
        ("r=24 with bias reproduces 3.89M", {"reduction": 24, "bias": True}),
        ("r=16, k=7", {"reduction": 16, "kernel_size": 7}),
        ("k=3", {"kernel_size": 3}),
        ("k=3,5,5,7", {}),  # one per stage
        ("k=1 (C<96) / 3", {}),
        ("copied", {}),
    ],
)
def test_words_of_a_source_are_read(setting, says):
    assert stated(setting) == says


@pytest.mark.parametrize(
    ("setting", "changed", "is_it"),
    [
        ("", [], True),
        ("", ["bias"], True),  # papers seldom say
        ("", ["reduction"], False),
        ("r=24", ["reduction"], True),
        ("r=24 with bias", ["bias", "reduction"], True),
        ("r=24, without bias", ["bias", "reduction"], False),
        ("r=16", [], False),
        ("k=7", [], True),  # of a module that has no such setting
    ],
)
def test_only_what_is_stated_may_be_another_setting(setting, changed, is_it):
    assert may_be(setting, {"reduction": 24, "bias": True}, changed) is is_it
