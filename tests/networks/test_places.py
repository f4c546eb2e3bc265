"""How places in a network are written, and which submodules a pattern means."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.networks._places import RELATIONS, Place, matches, parse_place

law = settings(derandomize=True, deadline=None, max_examples=100)
NAMES = st.lists(st.sampled_from(["layer1", "bn3", "blocks", "0", "12", "conv"]), min_size=1, max_size=4).map(
    ".".join
)
TARGETS = st.sampled_from(["after_bn3", "layer*.*.bn3", "features.**.conv", "blocks.[0-3].mlp"])
STAGES = st.none() | st.tuples(st.integers(1, 9), st.integers(1, 9)).map(lambda pair: (min(pair), max(pair)))
PICKS = st.sampled_from(["", "last_1", "first_3", "every_2"])


@given(st.sampled_from(["", *RELATIONS]), TARGETS, STAGES, PICKS)
@law
def test_a_place_is_read_back_as_it_is_written(how, target, stages, pick):
    place = Place(how, target, stages, pick)
    assert parse_place(str(place)) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("after_bn3", Place(target="after_bn3")),
        ("after_bn3:2-4", Place(target="after_bn3", stages=(2, 4))),
        ("3", Place(stages=(3, 3))),
        ("last_2", Place(pick="last_2")),
        ("before:layer4.*.conv2:every_2", Place("before", "layer4.*.conv2", None, "every_2")),
        ("after:3", Place("after", "3")),
        ("", Place()),
    ],
)
def test_a_place_has_its_parts(text, place):
    assert parse_place(text) == place


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a..b", "'a..b' is not a place"),
        ("after_bn3:x y", "'x y' is neither"),
        ("4-2", "stages 4-2 run backwards"),
        ("replace", "replace what?"),
        ("1:2", "'2' is neither"),
        ("last_1:2", "'2' is neither"),
        ("a:b", "'b' is neither"),
        ("last_0", None),
    ],
)
def test_what_is_no_place_says_why(text, says):
    if says is None:  # a word of that shape may be a submodule's name
        assert parse_place(text).target == text
        return
    with pytest.raises(ValueError, match=says.replace("?", r"\?")):
        parse_place(text)


@given(st.text(max_size=30))
@law
def test_no_text_breaks_the_parser(text):
    try:
        place = parse_place(text)
    except ValueError:
        return
    assert parse_place(str(place)) == place


@given(NAMES)
@law
def test_every_name_fits_itself_and_two_stars(name):
    assert matches(name, name)
    assert matches(name, "**")
    assert matches(f"{name}.x", f"{name}.*")
    assert not matches(f"{name}.x.y", f"{name}.*")
    assert matches(f"{name}.x.y", f"{name}.**")


def test_one_star_stays_within_one_part():
    assert matches("layer1.0.bn3", "layer*.*.bn3")
    assert not matches("layer1.0.downsample.bn3", "layer*.*.bn3")
    assert not matches("layer1.bn3", "layer*.*.bn3")


@given(st.lists(st.integers(), unique=True, max_size=12), st.integers(1, 5))
@law
def test_picks_keep_the_order(found, n):
    assert Place(pick=f"first_{n}").picked(found) + found[n:] == found
    assert Place(pick=f"last_{n}").picked(found) == found[-n:]
    assert Place(pick=f"every_{n}").picked(found) == [x for i, x in enumerate(found, 1) if i % n == 0]
    assert Place().picked(found) == found
