"""What the field knows and the catalogue has not is named with its paper and its authors' code."""

import re

import pytest

from attnprof.catalogue import MODULES, entries, entry
from attnprof.catalogue.absent import ABSENT, absent_named, bare
from attnprof.errors import UnknownNameError


def test_none_of_them_is_in_the_catalogue():
    ours = {*MODULES.names(), *(alias for module in entries() for alias in module.aliases)}
    assert not {bare(name) for name in ours} & {name for absent in ABSENT for name in absent.names}


def test_each_name_stands_once_as_it_is_looked_up():
    names = [name for absent in ABSENT for name in absent.names]
    assert len(names) == len(set(names))
    assert names == [bare(name) for name in names]


@pytest.mark.parametrize("absent", ABSENT, ids=lambda absent: absent.names[0])
def test_each_has_its_paper_and_its_repository(absent):
    assert re.fullmatch(r"\d{4}\.\d{5}|[A-Z]\w+ \d{4}", absent.paper)
    assert re.fullmatch(r"[\w-]+/[\w.-]+", absent.repository)


@pytest.mark.parametrize("name", ["globalfilter", "GlobalFilter", "global-filter", "global_filter"])
def test_any_spelling_is_answered_with_what_it_is_and_the_way_with_a_file(name):
    assert absent_named(name) is absent_named("gfnet")
    message = (
        rf"^no module '{name}' here: GFNet's global filter \(arXiv:2107\.00645\) .*/raoyongming/.* -m FILE"
    )
    with pytest.raises(UnknownNameError, match=message):
        entry(name)


def test_a_name_near_to_one_of_ours_is_still_answered_with_it():
    with pytest.raises(UnknownNameError, match="Did you mean 'involution'"):
        entry("involutionn")
