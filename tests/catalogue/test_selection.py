"""Which modules a pattern means, what a sweep makes of them, and the answers to patterns that mean
nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.catalogue import MODULES, entries, entry
from attnprof.catalogue.entry import FAMILIES, PLACES
from attnprof.catalogue.selection import (
    EVERYWHERE,
    ConfiguredModule,
    canonical,
    check_sweep,
    checked,
    matching,
    parse_value,
    select,
    split,
)
from attnprof.errors import UnknownNameError, UsageError
from tests.every_case import every_case

law = settings(derandomize=True, deadline=None, max_examples=60)
NAMES = MODULES.names()
word = st.text(alphabet="abcxyz=.!:-8", min_size=1, max_size=6)


def modules(choices):
    return [choice.module for choice in choices]


@given(st.lists(word, max_size=5), st.lists(word, min_size=1, max_size=3))
@law
def test_a_list_is_cut_at_its_commas_but_not_inside_parentheses(words, inside):
    grouped = f"cbam({','.join(inside)})"
    assert split(", ".join([*words, grouped])) == [*words, grouped]


def test_empty_parts_of_a_list_are_left_out():
    assert split(" , se,, eca ,") == ["se", "eca"]
    assert split("") == []


@given(st.integers(-(10**6), 10**6) | st.booleans() | st.none() | st.floats(-1e6, 1e6))
@law
def test_a_value_is_read_back_as_it_is_written(value):
    choice = ConfiguredModule("x", (("name", value),))
    read = parse_value(choice.variant.removeprefix("name="))
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "value"), [("1e-4", 1e-4), (" True ", True), ("NONE", None), ("both", "both")]
)
def test_values_as_people_write_them(text, value):
    assert parse_value(text) == value


def test_a_name_is_that_module_with_its_defaults():
    assert matching("se") == [ConfiguredModule("se")]
    assert matching("se")[0].variant == ""


def test_all_is_the_whole_catalogue_in_alphabetical_order():
    assert modules(matching("all")) == NAMES


def test_settings_stand_in_parentheses():
    assert matching("cbam(reduction=8, bias=false)") == [
        ConfiguredModule("cbam", (("bias", False), ("reduction", 8)))
    ]


def test_the_variant_is_sorted_text():
    assert matching("cbam(reduction=8,bias=false)")[0].variant == "bias=false,reduction=8"


def test_a_setting_that_is_the_default_is_no_variant():
    assert matching("se(reduction=16)") == matching("se()") == [ConfiguredModule("se")]


def test_a_named_variant_is_its_settings():
    assert matching("se(r8)") == matching("se(reduction=8)")


def test_a_named_variant_and_a_setting_go_together():
    assert matching("cbam(r8,bias=false)")[0].variant == "bias=false,reduction=8"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_its_modules(family):
    assert modules(matching(f"family:{family}")) == [
        known.key for known in entries() if known.family == family
    ]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_its_modules(place):
    assert modules(matching(f"place:{place}")) == [known.key for known in entries() if known.place == place]


def test_the_families_share_out_the_catalogue():
    found = [name for family in FAMILIES for name in modules(matching(f"family:{family}"))]
    assert sorted(found) == NAMES


def test_all_variants_are_the_default_and_the_named_ones():
    named = [
        ConfiguredModule("se", tuple(entry("se").changes(given).items()))
        for given in entry("se").variants.values()
    ]
    assert matching("se", "all") == [ConfiguredModule("se"), *named]


def test_a_choice_in_parentheses_has_no_further_variants():
    assert matching("se(reduction=4)", "all") == [ConfiguredModule("se", (("reduction", 4),))]


def test_every_named_variant_can_be_written_as_a_pattern():
    with every_case() as case:
        for name in NAMES:
            with case(name):
                for variant, given_settings in entry(name).variants.items():
                    (choice,) = matching(f"{name}({variant})")
                    assert dict(choice.settings) == entry(name).changes(given_settings)
                    assert matching(f"{name}({choice.variant})") == [choice]


def test_choices_come_in_the_order_asked_for_and_once_each():
    assert modules(select(["simam", "se", "family:channel", "se(reduction=16)"]))[:2] == ["simam", "se"]
    chosen = select(["simam", "se", "family:channel", "se(reduction=16)"])
    assert len(chosen) == len(set(chosen))


def test_an_exclamation_mark_takes_a_module_away():
    assert modules(select(["all", "!nonlocal"])) == [name for name in NAMES if name != "nonlocal"]


def test_exclusions_alone_take_away_from_the_whole_catalogue():
    assert select(["!nonlocal", "!family:channel"]) == select(["all", "!nonlocal", "!family:channel"])


def test_where_an_exclusion_stands_does_not_matter():
    assert select(["!se", "se", "eca"]) == select(["se", "eca", "!se"]) == [ConfiguredModule("eca")]


def test_excluding_a_module_excludes_its_variants():
    assert select(["se(reduction=8)", "se", "eca", "!se"]) == [ConfiguredModule("eca")]


def test_excluding_a_variant_leaves_the_rest_of_the_module():
    assert select(["se", "!se(r8)"], "all") == [
        c for c in matching("se", "all") if c.variant != "reduction=8"
    ]


def test_a_family_without_one_of_its_modules():
    assert modules(select(["family:channel", "!se"])) == [
        n for n in modules(matching("family:channel")) if n != "se"
    ]


def test_a_sweep_multiplies_a_module():
    chosen = select(["cbam"], sweeps={"cbam": {"reduction": [4, 8], "kernel_size": [3, 7]}})
    assert [choice.variant for choice in chosen] == [
        "kernel_size=3,reduction=4",
        "reduction=4",
        "kernel_size=3,reduction=8",
        "reduction=8",
    ]


def test_a_module_without_reduction_is_measured_once():
    chosen = select(["eca", "se"], sweeps={EVERYWHERE: {"reduction": [4, 8, 16]}})
    assert [(c.module, c.variant) for c in chosen] == [
        ("eca", ""),
        ("se", "reduction=4"),
        ("se", "reduction=8"),
        ("se", ""),
    ]


def test_a_modules_own_sweep_outranks_the_one_for_all():
    chosen = select(["se", "cbam"], sweeps={EVERYWHERE: {"reduction": [4]}, "se": {"reduction": [8]}})
    assert [(c.module, c.variant) for c in chosen] == [("se", "reduction=8"), ("cbam", "reduction=4")]


def test_a_sweep_leaves_other_modules_alone():
    assert select(["se"], sweeps={"cbam": {"reduction": [4, 8]}}) == [ConfiguredModule("se")]


def test_a_sweep_keeps_what_a_pattern_sets_besides():
    chosen = select(["cbam(bias=false)"], sweeps={"cbam": {"reduction": [8]}})
    assert [choice.variant for choice in chosen] == ["bias=false,reduction=8"]


@given(st.lists(st.integers(1, 64), min_size=1, max_size=6))
@law
def test_a_sweep_gives_one_choice_for_each_different_value(values):
    assert len(select(["se"], sweeps={"se": {"reduction": values}})) == len(set(values))


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("SE", "se"),
        ("squeeze-and-excitation", "se"),
        ("coordatt", "ca"),
        ("Non-local", "nonlocal"),
        ("Non_Local", "nonlocal"),
        ("LambdaLayer", "lambda_layer"),
        ("PSA", "psa"),
    ],
)
def test_a_module_goes_by_every_name_that_people_use(pattern, key):
    assert select([pattern]) == select([key])
    assert canonical(pattern) == key


def test_a_name_as_people_write_it_takes_settings_and_excludes():
    assert select(["CBAM(reduction=8)", "SE", "!Squeeze"]) == select(["cbam(reduction=8)"])
    assert canonical("CBAM(reduction=8)") == "cbam(reduction=8)"


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [
        ("cbma", "no module 'cbma'. Did you mean 'cbam'"),
        ("cbma(reduction=8)", "no module 'cbma'. Did you mean 'cbam'"),
        ("sSE", "no module 'sSE'. See scse, "),
        ("zzzzzzzz", f"All {len(NAMES)}: attnprof list"),
        ("family:chanel", "no family 'chanel'. There are: channel, spatial"),
        ("place:before", "no place 'before'. There are: after, replace"),
        ("se(redction=8)", "se has no hyperparameter 'redction'. Did you mean 'reduction'?"),
        ("se(cafe)", "se has no variant 'cafe'. Did you mean 'caffe'?"),
        ("se(r9)", "se has no variant 'r9'. It has: r8, caffe."),
        ("none(x)", "none has no variant 'x'. It has: none."),
        ("se(reduction=many)", "se.reduction: 'many' is not a whole number"),
        ("se(reduction=none)", "se.reduction: 'none' is not a whole number"),
        ("se(reduction=1.5)", "se.reduction: '1.5' is not a whole number"),
        ("se(bias=1)", "se.bias: '1' is not true or false"),
        ("simam(e_lambda=tiny)", "simam.e_lambda: 'tiny' is not a number"),
        ("cbam(mode=3)", "cbam.mode: '3' is not a word"),
        ("se(reduction=8", "is no module; write a name, or name(reduction=8)"),
        ("se cbam", "is no module; write a name"),
        ("", "is no module; write a name"),
    ],
)
def test_a_pattern_that_means_nothing_is_answered(pattern, answer):
    with pytest.raises((UnknownNameError, UsageError)) as caught:
        matching(pattern)
    assert answer in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_module_that_is_taken_away_is_a_mistake_too():
    with pytest.raises(UnknownNameError):
        select(["!cbma"])


def test_a_hyperparameter_whose_default_is_none_takes_any_value():
    assert checked("eca", "kernel_size", 5) == 5
    assert checked("eca", "kernel_size", None) is None


def test_a_whole_number_will_do_where_a_number_is_wanted():
    assert checked("simam", "e_lambda", 1) == 1


def test_1_and_1_point_0_are_one_value_of_a_number():
    one, same = matching("simam(e_lambda=1)")[0], matching("simam(e_lambda=1.0)")[0]
    assert one.variant == same.variant


def test_a_sweep_that_no_module_could_take_is_a_mistake():
    with pytest.raises(
        UsageError, match=r"no module has a hyperparameter 'rduction'\. Did you mean 'reduction'"
    ):
        check_sweep(EVERYWHERE, "rduction", [8])
    with pytest.raises(UnknownNameError):
        check_sweep("cbma", "reduction", [8])
    with pytest.raises(UsageError, match="eca has no hyperparameter 'reduction'"):
        check_sweep("eca", "reduction", [8])
    with pytest.raises(UsageError, match="'x' is not a whole number"):
        check_sweep("se", "reduction", [8, "x"])


def test_a_sweep_that_some_module_can_take_is_none():
    check_sweep(EVERYWHERE, "reduction", [8])
    check_sweep("se", "reduction", [8, 16])


def test_a_value_that_no_module_could_take_is_a_mistake():
    with pytest.raises(UsageError):
        check_sweep(EVERYWHERE, "reduction", ["abc"])
