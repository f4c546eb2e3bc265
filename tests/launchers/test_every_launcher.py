"""Launchers: lanes with names of their own, addresses that are read, words where something is missing."""

import pytest

from attnprof.errors import EnvironmentProblem, UnknownNameError, UsageError
from attnprof.launchers import LAUNCHERS, Demand, Launcher, lanes_of

META, CPU = Demand("meta", 1), Demand("cpu", 1)
TWO = Demand("cuda", 1, ("cuda:0", "cuda:1"))


@pytest.mark.parametrize("name", LAUNCHERS.names())
def test_it_says_what_it_is_and_what_it_needs(name):
    launcher = LAUNCHERS.get(name)
    assert isinstance(launcher, Launcher)
    assert launcher.help
    assert not launcher.help.endswith(".")
    assert "\n" not in launcher.help + launcher.unavailable()
    package, _, function = launcher.lanes.partition(":")
    assert package.startswith("attnprof.launchers.")
    assert function


def test_a_launcher_that_lacks_a_package_or_a_program_names_it(monkeypatch):
    missing = Launcher("", "", packages=("no_such_package",), extra="such")
    assert missing.unavailable() == "needs no_such_package: pip install 'attnprof[such]'"
    assert "no-such-program" in Launcher("", "", programs=("no-such-program",)).unavailable()
    monkeypatch.setattr(LAUNCHERS, "get", lambda name: missing)
    with pytest.raises(EnvironmentProblem, match="^--on local needs no_such_package"):
        lanes_of("local", META)


def test_an_unknown_launcher_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="no launcher 'locl'"):
        lanes_of("locl:2", META)


@pytest.mark.parametrize(
    ("place", "demand", "names", "devices"),
    [
        ("local", META, ["local0", "local1"], ["", ""]),
        ("local:3", META, ["local0", "local1", "local2"], ["", "", ""]),
        ("local", CPU, ["cpu"], ["cpu"]),
        ("local", TWO, ["gpu0", "gpu1"], ["cuda:0", "cuda:1"]),
        ("local:1", TWO, ["gpu0"], ["cuda:0"]),
    ],
)
def test_this_machine_has_a_lane_for_each_device_and_any_number_where_nothing_is_timed(
    place, demand, names, devices
):
    lanes = lanes_of(place, demand)
    assert [lane.name for lane in lanes] == names
    assert [lane.device for lane in lanes] == devices


@pytest.mark.parametrize(
    ("place", "demand", "words"),
    [
        ("local:0", META, "local:0"),
        ("local:many", META, "many"),
        ("local:2", CPU, "two lanes on one processor would disturb each other"),
        ("local:3", TWO, "there are 2 devices here: cuda:0, cuda:1"),
    ],
)
def test_an_address_that_cannot_be_read_or_asks_for_too_much_is_the_users_mistake(place, demand, words):
    with pytest.raises(UsageError, match=words):
        lanes_of(place, demand)
