"""A folder is a registry: listing imports nothing, a new file is an entry, an unknown name is answered."""

import sys

import pytest

from attnprof.backends import BACKENDS
from attnprof.counters import COUNTERS
from attnprof.errors import UnknownNameError
from attnprof.formats import FORMATS
from attnprof.metrics import METRICS
from attnprof.registry import Registry


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    folder = tmp_path / "attnprof_test_zoo"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""A zoo."""\n')
    (folder / "apple.py").write_text("ENTRY = 'an apple'\n")
    (folder / "broken.py").write_text("raise RuntimeError('imported')\n")
    (folder / "two_words.py").write_text("ENTRY = 2\n")
    (folder / "_hidden.py").write_text("ENTRY = 'no'\n")
    (folder / "notes.txt").write_text("ENTRY = 'no'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.startswith("attnprof_test_zoo")]:
        del sys.modules[name]


@pytest.fixture
def registry(zoo):
    return Registry("attnprof_test_zoo", "ENTRY", "fruit")


def test_the_names_are_the_files_in_alphabetical_order(registry):
    assert registry.names() == ["apple", "broken", "two_words"]


def test_listing_imports_no_entry(registry):
    registry.names()
    assert "apple" in registry
    assert not [name for name in sys.modules if name.startswith("attnprof_test_zoo.")]


def test_getting_an_entry_imports_that_one_file(registry):
    assert registry.get("apple") == "an apple"
    assert [n for n in sys.modules if n.startswith("attnprof_test_zoo.")] == ["attnprof_test_zoo.apple"]


def test_an_entry_that_cannot_be_imported_says_why_itself(registry):
    with pytest.raises(RuntimeError, match="imported"):
        registry.get("broken")


def test_a_file_is_an_entry_as_soon_as_it_is_there(zoo):
    (zoo / "cherry.py").write_text("ENTRY = 'a cherry'\n")
    assert "cherry" in Registry("attnprof_test_zoo", "ENTRY", "fruit").names()


def test_a_file_with_an_underscore_in_front_is_no_entry(registry):
    assert "_hidden" not in registry
    with pytest.raises(UnknownNameError):
        registry.get("_hidden")


def test_the_source_is_found_without_importing_it(registry, zoo):
    assert registry.source("broken") == str(zoo / "broken.py")


def test_an_unknown_name_is_answered_with_the_nearest(registry):
    with pytest.raises(UnknownNameError, match=r"^no fruit 'aple'\. Did you mean 'apple'\?$"):
        registry.get("aple")


def test_a_name_near_to_nothing_is_answered_with_all(registry):
    with pytest.raises(UnknownNameError, match=r"There are: apple, broken, two_words$"):
        registry.module_name("zzz")


def test_an_unknown_name_is_a_lookup_error(registry):
    with pytest.raises(LookupError):
        registry.source("zzz")


@pytest.fixture
def installed(zoo, plugin_package):
    """A distribution beside the zoo, which adds a fruit."""
    plugin_package(zoo.parent, {"attnprof_test_zoo": {"foreign": "ENTRY = 'foreign'\n"}})


def test_an_entry_point_of_the_group_is_an_entry(installed):
    registry = Registry("attnprof_test_zoo", "ENTRY", "fruit")
    assert registry.names() == ["apple", "broken", "foreign", "two_words"]
    assert registry.source("foreign").endswith("attnprof_test_attnprof_test_zoo_foreign.py")
    assert registry.get("foreign") == "foreign"


def test_an_entry_point_of_another_group_is_none(zoo, plugin_package):
    plugin_package(zoo.parent, {"attnprof_test_zoo.more": {"foreign": "ENTRY = 'foreign'\n"}})
    assert "foreign" not in Registry("attnprof_test_zoo", "ENTRY", "fruit")


def test_a_path_that_is_no_folder_has_no_plugins(zoo, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(zoo / "apple.py"), str(zoo / "missing")])
    assert "apple" in Registry("attnprof_test_zoo", "ENTRY", "fruit")


@pytest.mark.parametrize("registry", [METRICS, FORMATS, BACKENDS, COUNTERS], ids=lambda r: r.word)
def test_every_entry_of_a_registry_can_be_had(registry):
    assert registry.names()
    for name in registry.names():
        assert registry.get(name) is not None
