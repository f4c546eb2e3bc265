"""The text of a location: what of it is the path, the name and what follows, whatever the path looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnprof.catalogue.selection import location_in, name_and_settings, split
from attnprof.catalogue.user_contents import names_in, require_name
from attnprof.catalogue.user_location import as_pattern, canonical, cut_location, is_path
from attnprof.errors import UsageError

# A text -> path, name and what follows.
TEXTS = {
    "my.py:Gate": ("my.py", "Gate", ""),
    "my.py::Gate": ("my.py", "Gate", ""),
    "my.py:Gate(ratio=8)": ("my.py", "Gate", "(ratio=8)"),
    "my_pkg.attn:Gate": ("my_pkg.attn", "Gate", ""),
    "my_pkg.attn::Gate(ratio=8)": ("my_pkg.attn", "Gate", "(ratio=8)"),
    "timm:create_model(model_name=resnet50)": ("timm", "create_model", "(model_name=resnet50)"),
    "my dir/gate (1).py:Gate": ("my dir/gate (1).py", "Gate", ""),
    "my dir/gate (1).py:Gate(ratio=8)": ("my dir/gate (1).py", "Gate", "(ratio=8)"),
    "a:b/gate.py:Gate": ("a:b/gate.py", "Gate", ""),
    "a.py/gate.py:Gate": ("a.py/gate.py", "Gate", ""),
    "~/größe/gate.py:Gate": ("~/größe/gate.py", "Gate", ""),
    "模块.py:门": ("模块.py", "门", ""),
    "it's.py:Gate": ("it's.py", "Gate", ""),
    '"my, dir/gate.py":Gate(r=8)': ("my, dir/gate.py", "Gate", "(r=8)"),
    "'my dir/gate (1).py':Gate": ("my dir/gate (1).py", "Gate", ""),
    '"my dir/gate (1).py:Gate"': ("my dir/gate (1).py", "Gate", ""),
    '"a:).py"::Gate (r=8)': ("a:).py", "Gate", " (r=8)"),
    "my.py": ("my.py", "", ""),
    "my.py:": ("my.py", "", ""),
    '"my dir/gate.py"': ("my dir/gate.py", "", ""),
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_location_is_cut(text):
    location, rest = cut_location(text)
    assert (*location, rest) == TEXTS[text]
    assert is_path(text)
    assert location_in(f"!{text}") == location_in(text) == str(location)


@pytest.mark.parametrize("text", ["se", "cbam(reduction=8)", "family:channel", "all", "", '"', "((", "'a"])
def test_other_text_has_none(text):
    assert location_in(text) == ""


SEPARATE = st.text(st.characters(codec="utf-8", exclude_characters="\"'"), min_size=1, max_size=12)


@given(SEPARATE, st.sampled_from(["Gate", "größe", "_x1"]), st.sampled_from(["", "(a=1)", "(a=(1,2),b=c)"]))
def test_any_path_in_quotes_comes_back(path, name, settings):
    text = f'"{path}.py":{name}{settings}'
    location, rest = cut_location(text)
    assert (*location, rest) == (f"{path}.py", name, settings)
    assert split(f"se,{text},eca") == ["se", text, "eca"]
    assert name_and_settings(text) == (f"{path}.py:{name}", settings[1:-1] if settings else None)


PLAIN = st.text(
    st.characters(categories=["L", "N", "Zs"], include_characters="_-+=~@#"), min_size=1, max_size=12
)


@given(PLAIN, st.sampled_from(["", "(a=1)"]))
def test_what_a_result_is_called_names_it_again(path, settings):
    text = f"{path.strip()}.py:Gate{settings}"
    location, rest = cut_location(text)
    assert (location.name, rest) == ("Gate", settings)
    assert canonical(str(location)) == str(location)
    assert cut_location(as_pattern(str(location)))[0] == location


def test_a_comma_is_part_of_a_path_where_such_a_file_exists(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a, b").mkdir()
    (tmp_path / "a, b/gate,1.py").touch()
    assert split("se,a, b/gate,1.py:Gate(r=1,s=2),eca") == ["se", "a, b/gate,1.py:Gate(r=1,s=2)", "eca"]
    assert split("se,!a, b/gate,1.py:Gate") == ["se", "!a, b/gate,1.py:Gate"]
    assert split("c, d/gate.py:Gate") == ["c", "d/gate.py:Gate"]


@pytest.mark.parametrize("part", ["x.py:Gate", "x" * 5000 + ".py:Gate", "\0.py:Gate", '".py', "a.py(" * 50])
def test_a_long_list_of_strange_paths_is_cut_at_once(part):
    assert split(",".join(["y", *[part] * 200]))[0] == "y"


CONTENTS = """
import enum
from abc import ABC
from torch import nn
from .base import Base

class Kind(enum.Enum): ...
class Plain: ...
class Abstract(ABC): ...
class Child(Plain): ...
class Gate(nn.Module): ...
class Generic(nn.Sequential, ABC): ...
class Derived(Gate): ...
class Foreign(Base[int]): ...
def make(channels): ...
"""


def test_a_file_alone_lists_its_modules(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.py").write_text(CONTENTS)
    assert names_in(tmp_path / "my.py") == ["Gate", "Generic", "Derived", "Foreign"]
    with pytest.raises(UsageError, match=r"^my\.py has: Gate, Generic, Derived, Foreign; write my\.py:Gate$"):
        require_name("my.py")
    (tmp_path / "functions.py").write_text("def make(channels): ...\ndef _help(): ...\n")
    assert names_in(tmp_path / "functions.py") == ["make"]


@pytest.mark.parametrize("content", [b"x = (", b"x = '\xe9'", b"\0", None])
def test_a_file_that_cannot_be_read_has_no_names(tmp_path, content):
    if content is not None:
        (tmp_path / "my.py").write_bytes(content)
    assert names_in(tmp_path / "my.py") == []
