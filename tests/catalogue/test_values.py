"""Values as text: one grammar, for every stage of a network, and back to the same value."""

import tomllib

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.catalogue.selection import ConfiguredModule, split
from attnprof.catalogue.values import (
    at_stage,
    cut,
    frozen,
    is_staged,
    parse_settings,
    parse_value,
    read_value,
    show_settings,
    show_value,
    values_of,
    written_value,
)
from attnprof.errors import UsageError
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.records.codec import Decoder, encode
from attnprof.records.record import DoneEvent, done_event
from attnprof.spec import Spec
from attnprof.spec.fields import sweeps_of

law = settings(derandomize=True, deadline=None, max_examples=150)
text = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="/"), max_size=8)
letters = st.text(alphabet="ab,=()[]\"'\\ 7.-_\n\tT", max_size=8)
words = st.sampled_from(["true", "None", "nan", "1e3", "", " ", "C", "a b", "it's", "(7", "7)", '"', "\\"])
numbers = st.one_of(st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False))
plain = st.one_of(st.none(), numbers, text, letters, words)
value = st.recursive(plain, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6).filter(
    lambda value: depth(value) <= 3
)
named = st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), value, max_size=3)


def depth(value):
    return 1 + max(map(depth, value), default=0) if isinstance(value, tuple) else 0


def kinds(value):
    """The value with the kinds of all its parts: 1 and True are not the same."""
    if isinstance(value, dict):
        return {name: kinds(each) for name, each in value.items()}
    return tuple(map(kinds, value)) if isinstance(value, tuple | list) else (type(value), value)


@given(value)
@law
def test_a_value_is_read_as_it_was_written(value):
    assert kinds(parse_value(show_value(value))) == kinds(value)


@given(named)
@law
def test_settings_are_read_as_they_were_written(named):
    assert kinds(parse_settings(show_settings(named))) == kinds(named)


@given(named)
@law
def test_a_variant_stands_in_a_list_of_patterns_without_being_cut(named):
    variant = ConfiguredModule("my.py:Gate", tuple(named.items())).variant
    assert split(f"se,my.py:Gate({variant}),eca") == ["se", f"my.py:Gate({variant})", "eca"]


@given(st.lists(value, max_size=3))
@law
def test_sweeps_pass_through_toml(values):
    lines = tomli_w.dumps({"my.py:Gate": {"x": [written_value(value) for value in values]}})
    assert kinds(sweeps_of(tomllib.loads(lines))["my.py:Gate"]["x"]) == kinds(values)


def test_a_specs_sweeps_pass_through_its_file():
    sweeps = {"eca": {"kernel_size": (3, None)}, "cbam": {"mode": ["a,b", "none", (1, ("c", None))]}}
    spec = Spec.recorded(modules="se", set=sweeps)
    assert Spec.recorded(**{"set": tomllib.loads(spec.to_toml())["variants"]}).set == spec.set
    assert spec.set["cbam"]["mode"] == ["a,b", None, (1, ("c", None))]


@given(value)
@law
def test_a_sweep_on_the_command_line_takes_any_value(value):
    text = show_value(value)
    assert kinds(sweeps_of(f"my.py:Gate.x={text},{text}")["my.py:Gate"]["x"][1]) == kinds(value)


@given(named)
@law
def test_a_case_passes_through_the_journal_with_its_key(named):
    case = Case("my.py:Gate", 8, 4, 4, hyperparameters=named, variant=show_settings(named))
    read = Decoder(DoneEvent).decode(encode(done_event(case, "ok"))).case
    assert read == case
    assert read.key == case.key
    assert kinds(read.hyperparameters) == kinds(named)


@given(st.text(alphabet="ab,=()[]\"'7 /", max_size=12))
@law
def test_any_text_is_a_value_or_is_refused_in_words(text):
    try:
        value = parse_value(text)
    except UsageError:
        return
    assert kinds(parse_value(show_value(value))) == kinds(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(7,7)", (7, 7)),
        ("[3, 5]", (3, 5)),
        ("(7)", 7),
        ("(7,)", (7,)),
        ("[7]", (7,)),
        ("()", ()),
        ("[[3,5],(7,)]", ((3, 5), (7,))),
        ("('a,b', none, TRUE, 1e-4)", ("a,b", None, True, 1e-4)),
        ('"7"', "7"),
        (r"'it\'s'", "it's"),
        (r'"a\nb\u00e9"', "a\nbé"),
        ('"a/b"', "a/b"),
        ("same", "same"),
    ],
)
def test_what_people_write(text, value):
    assert kinds(parse_value(text)) == kinds(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(7,7", "its brackets do not match"),
        ("(7,7]", "its brackets do not match"),
        ("(7)(7)", "its brackets do not match"),
        ("(7,,7)", "nothing between two of its commas"),
        ("((((7,),),),)", "more than 3 deep"),
        ('"a"b', "ends at the next quote"),
        ('"a', "ends at the next quote"),
    ],
)
def test_what_does_not_match_is_said(text, says):
    with pytest.raises(UsageError, match=says):
        parse_value(text)


def test_brackets_of_thousands_are_a_mistake_and_no_crash():
    with pytest.raises(UsageError, match="more than 3 deep"):
        parse_value("(" * 5_000 + ")" * 5_000)


def test_a_sign_in_brackets_or_quotes_does_not_cut():
    assert cut("a(1,[2,3]),'b,c',\"d,'e\",f") == ["a(1,[2,3])", "'b,c'", '"d,\'e"', "f"]
    assert cut("it's,that's") == ["it's", "that's"]
    assert cut("'(',b") == ["'('", "b"]


def test_lists_are_tuples_and_what_is_no_setting_is_refused():
    assert frozen([1, [2, 3]]) == (1, (2, 3))
    with pytest.raises(UsageError, match="is a number, a text, true, false, none or a sequence"):
        frozen({"a": 1})


@given(value)
@law
def test_toml_has_every_value(value):
    assert kinds(read_value(written_value(value))) == kinds(value)


def test_a_staged_text_may_have_sequences():
    assert values_of("(3,5)/(7,9)") == [(3, 5), (7, 9)]
    assert at_stage({"k": "[3]/[5]"}, 2, 2) == {"k": (5,)}


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
