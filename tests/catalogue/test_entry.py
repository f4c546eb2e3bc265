"""An entry is read without being run; its limits name the nearest sizes; its formulas see every
hyperparameter."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.catalogue import MODULES, entries, entry
from attnprof.catalogue.absent import bare
from attnprof.catalogue.entry import Entry, declarations, read
from attnprof.errors import UnknownNameError, UsageError

law = settings(derandomize=True, deadline=None, max_examples=40)

ENTRY = {
    "class": "Gate",
    "name": "Test Gate",
    "paper": {"title": "Gates", "author": "A. Author", "venue": "CVPR", "year": 2020, "arxiv": "2001.00001"},
    "code": "somebody/gates",
    "family": "channel",
    "place": "after",
    "params": "C",
    "macs": "N*C",
}
FILE = '''"""Gates each channel,
on two lines.

The rest.
"""

import a_package_that_nobody_has

ENTRY = {entry!r}


class Other:
    def __init__(self, channels, *, other: int = 1):
        pass


class Gate:
    def __init__({signature}):
        raise RuntimeError("this file is never run")
'''


@pytest.fixture(scope="module")
def write(tmp_path_factory):
    folder, number = tmp_path_factory.mktemp("entries"), iter(range(10**6))

    def written(
        signature="self, channels, *, groups: int = 8, mode: str = 'a', bias: bool = False", **changes
    ):
        path = folder / f"gate{next(number)}.py"
        path.write_text(FILE.format(entry={**ENTRY, **changes}, signature=signature), encoding="utf-8")
        return read("gate", path)

    return written


@pytest.mark.parametrize("name", MODULES.names())
def test_a_modules_entry_is_the_same_however_its_file_is_laid_out(name, tmp_path):
    text = Path(MODULES.source(name)).read_text(encoding="utf-8")
    otherwise = text.replace("ENTRY = {", "ENTRY = (  # a literal as well\n{", 1)
    otherwise = re.sub(r"^\}$", "})", otherwise, count=1, flags=re.MULTILINE)
    assert declarations(text)
    assert not declarations(otherwise)
    file = tmp_path / f"{name}.py"
    file.write_text(otherwise, encoding="utf-8")
    assert read(name, file) == read(name, MODULES.source(name))


@law
@given(known=st.sampled_from(list(entries())), channels=st.integers(1, 600), side=st.integers(1, 90))
def test_the_sizes_that_fit_are_the_same_one_by_one(known, channels, side):
    by_channels = [(c, side, side) for c in range(channels, channels + 40)]
    assert known.fitting("C", by_channels) == [point for point in by_channels if known.fits(*point)]
    by_side = [(channels, s, s) for s in range(side, side + 20)]
    assert known.fitting("HW", by_side) == [point for point in by_side if known.fits(*point)]


def test_a_file_is_read_without_being_imported(write):
    entry = write()
    assert (entry.key, entry.class_name, entry.name) == ("gate", "Gate", "Test Gate")
    assert (entry.family, entry.place, entry.code) == ("channel", "after", "somebody/gates")
    assert (entry.paper.year, entry.paper.arxiv, entry.paper.url) == (2020, "2001.00001", "")


def test_the_hyperparameters_are_the_keyword_only_arguments_of_the_named_class(write):
    assert write().hyperparameters == {"groups": 8, "mode": "a", "bias": False}


def test_a_class_without_keyword_only_arguments_has_no_hyperparameters(write):
    assert write("self, channels").hyperparameters == {}


def test_negative_and_missing_defaults_are_read(write):
    entry = write("self, channels, *, shift: int = -1, size: int | None = None")
    assert entry.hyperparameters == {"shift": -1, "size": None}


def test_height_and_width_are_the_maps_size_and_no_hyperparameters(write):
    entry = write("self, channels, *, groups: int = 8, height: int, width: int")
    assert entry.needs_size()
    assert entry.hyperparameters == {"groups": 8}
    assert not write().needs_size()


def test_whether_the_size_is_part_of_a_module_may_follow_from_its_settings(write):
    entry = write("self, channels, *, mode: str = 'a', height: int, width: int", sized="mode == 'b'")
    assert not entry.needs_size()
    assert entry.needs_size({"mode": "b"})


def test_the_summary_is_the_first_paragraph_on_one_line(write):
    assert write().summary == "Gates each channel, on two lines."


def test_what_an_entry_leaves_out_is_empty(write):
    entry = write(paper=None)
    assert entry.paper is None
    assert (entry.aliases, entry.limits, entry.variants, entry.deviations) == ((), (), {}, ())
    assert entry.compiles is True


@pytest.mark.parametrize(
    "text", ["", "x = 1\n", "ENTRY = {'class': 'Gone'}\n", "ENTRY = {'name': 'x'}\nclass Gate: ...\n"]
)
def test_a_file_without_an_entry_for_one_of_its_classes_is_refused(tmp_path, text):
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"bad\.py: a module's file needs an ENTRY literal"):
        read("bad", path)


def test_an_entry_that_is_not_a_literal_is_refused(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text("ENTRY = dict(name='x')\n")
    with pytest.raises(ValueError, match="malformed"):
        read("bad", path)


def test_a_channel_limit_names_the_nearest_channels_on_both_sides(write):
    entry = write(limits=[["C % (2*groups) == 0", "channels must be a multiple of 2 x groups = {2*groups}"]])
    assert entry.refusal(100, 56, 56) == "channels must be a multiple of 2 x groups = 16; nearest 96, 112"
    assert entry.refusal(96, 56, 56) is None


def test_below_the_smallest_size_only_the_larger_one_is_named(write):
    entry = write(limits=[["C >= groups", "channels must be at least {groups}"]])
    assert entry.refusal(3, 7, 7) == "channels must be at least 8; nearest 8"


def test_a_limit_follows_the_settings_given(write):
    entry = write(limits=[["C % groups == 0", "channels must be a multiple of {groups}"]])
    assert entry.refusal(12, 7, 7, {"groups": 4}) is None
    assert entry.refusal(12, 7, 7, {"groups": 5}) == "channels must be a multiple of 5; nearest 10, 15"


@given(st.integers(1, 200), st.integers(1, 64))
@law
def test_the_nearest_channels_are_the_neighbouring_multiples(write, channels, groups):
    entry = write(limits=[["C % groups == 0", "no"]])
    refusal = entry.refusal(channels, 7, 7, {"groups": groups})
    if channels % groups == 0:
        assert refusal is None
        return
    below, above = channels // groups * groups, (channels // groups + 1) * groups
    assert refusal == f"no; nearest {', '.join(str(n) for n in (below, above) if n)}"
    for size in filter(None, (below, above)):
        assert entry.refusal(size, 7, 7, {"groups": groups}) is None


def test_the_nearest_channels_keep_every_other_channel_limit_too(write):
    entry = write(limits=[["C % 4 == 0", "four"], ["C % 6 == 0", "six"]])
    assert entry.refusal(13, 7, 7) == "four; nearest 12, 24"


def test_a_map_limit_names_the_nearest_square_maps(write):
    entry = write(limits=[["H % 7 == 0 and W % 7 == 0", "height and width must be multiples of 7"]])
    assert entry.refusal(64, 30, 30) == "height and width must be multiples of 7; nearest 28x28, 35x35"


def test_a_map_limit_on_an_oblong_map_is_the_sentence_alone(write):
    entry = write(limits=[["H % 7 == 0 and W % 7 == 0", "multiples of 7"]])
    assert entry.refusal(64, 28, 30) == "multiples of 7"


def test_a_limit_on_the_area_is_one_of_the_map(write):
    entry = write(limits=[["N <= 100", "at most 100 positions, not {N}"]])
    assert entry.refusal(64, 11, 11) == "at most 100 positions, not 121; nearest 10x10"


def test_a_limit_on_the_settings_alone_names_no_size(write):
    entry = write(limits=[["mode in ('a', 'b')", "mode must be a or b, not {mode}"]])
    assert entry.refusal(64, 7, 7, {"mode": "c"}) == "mode must be a or b, not c"


def test_map_limits_wait_until_the_map_is_known(write):
    entry = write(limits=[["H % 7 == 0", "seven"], ["C % 8 == 0", "eight"]])
    assert entry.refusal(64, 0, 0) is None
    assert entry.refusal(60, 0, 0) == "eight; nearest 56, 64"


def test_a_map_limit_behind_a_helper_waits_too(write):
    entry = write(where={"side": "min(H, W)", "half": "side // 2"}, limits=[["half >= 4", "too small"]])
    assert entry.refusal(64, 0, 0) is None
    assert entry.refusal(64, 6, 6) == "too small; nearest 8x8"


def test_a_limit_may_depend_on_the_batch_and_on_training(write):
    entry = write(limits=[["not train or batch*N > 1", "training needs more than one position"]])
    assert entry.refusal(64, 1, 1) is None
    assert entry.refusal(64, 1, 1, batch=2, train=True) is None
    assert entry.refusal(64, 1, 1, batch=1, train=True).startswith("training needs more than one position")


def test_the_first_broken_limit_is_the_one_that_is_said(write):
    entry = write(limits=[["bias", "first"], ["bias", "second"]])
    assert entry.refusal(64, 7, 7) == "first"


def test_a_limit_that_cannot_be_evaluated_is_broken(write):
    entry = write(where={"share": "C // (W - 1)"}, limits=[["share > 0", "too narrow"]])
    assert entry.refusal(64, 7, 1) == "too narrow"
    assert entry.refusal(64, 7, 2) is None


def test_where_no_size_fits_none_is_named(write):
    entry = write(limits=[["C < 0", "never"]])
    assert entry.refusal(64, 7, 7) == "never"


def test_a_channel_limit_names_the_nearest_channels_even_where_the_map_is_wrong_too(write):
    entry = write(limits=[["C % 16 == 0", "sixteen"], ["H % 7 == 0", "seven"]])
    assert entry.refusal(100, 30, 30) == "sixteen; nearest 96, 112"


def test_helpers_are_evaluated_in_their_order(write):
    entry = write(
        where={"hidden": "C // groups", "wide": "2*hidden", "all": "wide + hidden"},
        params="all",
        macs="wide*N",
    )
    assert entry.params(64, 7, 7) == 24
    assert entry.macs(64, 7, 7) == 16 * 49


def test_formulas_see_the_size_and_the_settings(write):
    entry = write(params="C*groups + (C if bias else 0)", macs="H*W + N + C")
    assert entry.params(64, 3, 5) == 512
    assert entry.params(64, 3, 5, {"bias": True, "groups": 2}) == 192
    assert entry.macs(64, 3, 5) == 94


@given(st.integers(1, 8192), st.integers(1, 8192), st.integers(1, 8192))
@law
def test_closed_forms_are_exact_integers_at_any_size(write, channels, height, width):
    entry = write(params="C**3", macs="N**2 * C")
    assert entry.params(channels, height, width) == channels**3
    assert entry.macs(channels, height, width) == (height * width) ** 2 * channels


def test_settings_are_the_defaults_with_what_is_given(write):
    assert write().settings({"mode": "b"}) == {"groups": 8, "mode": "b", "bias": False}


def test_an_unknown_hyperparameter_is_answered_with_the_nearest(write):
    with pytest.raises(UsageError, match=r"^gate has no hyperparameter 'group'\. Did you mean 'groups'\?$"):
        write().settings({"group": 4})


def test_an_unknown_hyperparameter_near_to_none_is_answered_with_all(write):
    with pytest.raises(UsageError, match=r"It has: groups, mode, bias\.$"):
        write().settings({"zzz": 4})
    with pytest.raises(UsageError, match=r"It has: none\.$"):
        write("self, channels").settings({"zzz": 4})


def test_changes_are_what_differs_from_the_defaults_by_name(write):
    entry = write()
    assert list(entry.changes({"mode": "b", "bias": True, "groups": 8}).items()) == [
        ("bias", True),
        ("mode", "b"),
    ]
    assert entry.changes({}) == {}


def test_a_one_is_not_a_true(write):
    assert write().changes({"bias": 0}) == {"bias": 0}


def test_variants_are_named_settings(write):
    entry = write(variants={"b": {"mode": "b"}, "wide": {"groups": 2, "bias": True}})
    assert list(entry.variants) == ["b", "wide"]
    assert entry.changes(entry.variants["wide"]) == {"bias": True, "groups": 2}


def test_a_name_in_any_spelling_means_one_module():
    names = Counter(bare(name) for module in entries() for name in names_of(module))
    assert [name for name, count in names.items() if count > 1] == ["mscam"]
    assert (entry("MS-CAM").key, entry("MSCAM").key) == ("aff", "mscam")


def names_of(module: Entry) -> set[str]:
    """Its names, those that differ in case and hyphens alone once."""
    return {bare(name) for name in (module.key, *module.aliases, *module.related)}


@pytest.mark.parametrize("module", MODULES.names())
def test_each_of_its_names_leads_to_the_module(module):
    for alias in entry(module).aliases:
        assert entry(alias.upper()).key == module
    for related in entry(module).related:
        with pytest.raises(UnknownNameError, match=rf"See {module}, .*: attnprof show {module}$"):
            entry(related)
