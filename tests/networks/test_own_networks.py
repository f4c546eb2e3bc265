"""Networks of the user's own: functions, classes, and modules that are built already."""

import csv
from copy import deepcopy

import pytest
import torch

from attnprof.catalogue.user_import import load
from attnprof.catalogue.user_module import describe
from attnprof.cli._main import main
from attnprof.errors import UsageError
from attnprof.networks import build_network, network_named
from attnprof.networks._own import name_in_results

NETS = """
from torch import nn


class Net(nn.Module):
    def __init__(self, width: float = 1.0, layers=[1, 1]):
        super().__init__()
        assert isinstance(layers, list)
        self.conv = nn.Conv2d(3, int(16 * width), 1, bias=False)
        self.rest = nn.Sequential(*(nn.ReLU() for _ in layers))

    def forward(self, x):
        return self.rest(self.conv(x))


def make(width, name="net"):
    return Net(width)


def no_network():
    return 3


NET = Net(2.0)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with nets.py, which one child describes once for all tests."""
    folder = tmp_path_factory.mktemp("nets")
    (folder / "nets.py").write_text(NETS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        describe([f"nets.py:{name}" for name in ("Net", "make", "NET", "Nett")])
    return folder


@pytest.fixture(autouse=True)
def nets(folder, monkeypatch):
    monkeypatch.chdir(folder)


def params(network):
    return sum(parameter.numel() for parameter in network.parameters())


BUILT = {
    "nets.py:Net": 48,
    "nets.py::Net": 48,
    "nets.py:Net()": 48,
    "nets.py:Net(width=0.5)": 24,
    "nets.py:Net(width=2,layers=[1,2,3])": 96,
    "nets.py:make(width=0.5)": 24,
    "nets.py:make(width=0.5, name='a, b')": 24,
    "nets.py:NET": 96,
}


@pytest.mark.parametrize("name", BUILT)
def test_it_is_built_as_its_name_says(name):
    assert params(build_network(name)) == BUILT[name]
    assert params(build_network(name_in_results(name))) == BUILT[name]


def test_one_that_is_built_already_is_copied_for_each_use():
    first, second = build_network("nets.py:NET"), build_network("nets.py:NET")
    assert torch.equal(first.conv.weight, second.conv.weight)
    with torch.no_grad():
        first.conv.weight.zero_()
    assert second.conv.weight.any()
    assert load("nets.py:NET").conv.weight.any()
    with torch.device("meta"):
        assert build_network("nets.py:NET").conv.weight.is_meta
    assert not deepcopy(load("nets.py:NET")).conv.weight.is_meta


REFUSED = {
    "nets.py:make": "nets.py:make needs width: write nets.py:make(width=...)",
    "nets.py:make(widht=2)": "nets.py:make has no argument 'widht'. Did you mean 'width'?",
    "nets.py:Net(width=wide)": "nets.py:Net: width: wide is not a number",
    "nets.py:Net(2)": "settings are name=value, got '2'",
    "nets.py:NET(width=2)": "nets.py:NET: it is built already, and takes no settings",
    "nets.py": "nets.py has: Net; write nets.py:Net",
    "nets.py:Nett": "nets.py has no class or function 'Nett'. Did you mean 'Net'?",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_built_is_said_before_a_run(name):
    with pytest.raises(UsageError) as caught:
        network_named(name)
    assert REFUSED[name] in str(caught.value)


def test_what_returns_no_module_is_said():
    with pytest.raises(UsageError, match="nets.py:no_network: it returns int, not an nn.Module"):
        build_network("nets.py:no_network")


def test_the_command_takes_them_all(capfd):
    networks = "nets.py:NET,nets.py::Net,nets.py:make(width=0.5, name='a, b')"
    command = ["host", networks, "--insert", "eca", "--at", "after:conv", "--res", "8", "--no-latency"]
    assert main([*command, "--format", "csv"]) == 0
    rows = list(csv.DictReader(capfd.readouterr().out.splitlines()))
    plain = {row["host"]: int(row["params"]) for row in rows if row["module"] == "none"}
    assert plain == {
        "nets.py:NET": 96,
        "nets.py:Net": 48,
        'nets.py:make(width=0.5,name="a, b")': 24,
    }
    assert {row["status"] for row in rows} == {"ok"}


def test_one_that_is_built_already_is_no_module_for_any_channels(capfd):
    assert main(["count", "-m", "nets.py:NET", "--points", "64@7"]) == 2
    assert "nets.py:NET: it is built already, for the channels that it has" in capfd.readouterr().err
