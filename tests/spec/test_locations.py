"""The files that a request names are seen wherever it may name them, and nothing else is taken for one."""

import pytest

from attnprof.catalogue.user_location import file_at
from attnprof.spec import Spec
from attnprof.spec.locations import locations

GATE, NET = "my.py:Gate", "my_pkg.nets:make"


@pytest.mark.parametrize(
    "values",
    [
        {"modules": f"se,{GATE}(ratio=2)"},
        {"modules": ["se", f"!{GATE}"]},
        {"modules": GATE},
        {"baseline": f"{GATE}(ratio=2)"},
        {"set": f"{GATE}.ratio=2,4"},
        {"set": {GATE: {"ratio": [2]}}},
        {"budget": f"params<=2x:{GATE}"},
        {"budget": {"params": [f"<=2x:{GATE}"]}},
        {"networks": [GATE]},
    ],
)
def test_a_location_is_seen_in_every_field_that_may_have_one(values):
    assert locations(values) == [GATE]


def test_each_is_named_once_and_networks_follow():
    assert locations({"networks": f"{NET},resnet18", "modules": f"{GATE},{GATE}"}) == [GATE, NET]


def test_what_selects_from_the_catalogue_is_no_location():
    spec = Spec(
        modules="family:channel,place:after,year:2021,!se", points="64@56", budget="latency<=1.2x:se",
        baseline="se", networks="resnet18", at="after_bn2:1-2", device="cuda:0",
    )  # fmt: skip
    assert locations(dict(spec)) == []


@pytest.mark.parametrize("value", [3, None, [3, {}], "=,=", "((", [[["my.py"]]], True])
def test_what_no_spec_can_have_names_none(value):
    fields = ("modules", "baseline", "set", "budget", "networks")
    assert locations(dict.fromkeys(fields, value)) == []


def test_the_file_of_a_package_is_found_without_importing_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pkg_of_mine/inner").mkdir(parents=True)
    for name in ("__init__.py", "inner/__init__.py", "inner/gate.py"):
        (tmp_path / "pkg_of_mine" / name).write_text("raise ValueError('imported')")
    assert file_at("pkg_of_mine.inner.gate:Gate") == tmp_path / "pkg_of_mine/inner/gate.py"
    assert file_at("pkg_of_mine.inner:Gate") == tmp_path / "pkg_of_mine/inner/__init__.py"
    assert file_at("sub/gate.py:Gate").name == "gate.py"
    for name in ("pkg_of_mine.absent:Gate", "absent.inner:Gate", ":Gate", "..:Gate", "a..b:Gate"):
        assert not file_at(name).is_file()
