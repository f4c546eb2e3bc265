"""What a network is called with, and what it says of an input that it does not take."""

import pytest

from attnprof.catalogue import entry
from attnprof.networks import IMAGE, network_named, place_of, usual_input
from attnprof.spec import Spec
from attnprof.subject.admission import misfit


def test_networks_of_one_input_are_called_with_it():
    assert usual_input(["unet"]) == (3, 256, 256)
    assert usual_input(["resnet18", "mobilenetv2"]) == IMAGE
    assert Spec(networks="unet", modules="se").grid() == ((3, 256, 256),)


def test_networks_of_several_inputs_are_called_with_an_image():
    assert usual_input(["unet", "resnet18"]) == IMAGE
    assert usual_input(["unet", "a name that is gone"]) == IMAGE
    assert usual_input(["my.py:unet"]) == IMAGE


def test_a_size_that_is_set_wins_over_the_usual_one():
    assert Spec(networks="unet", modules="se", res="64").grid() == ((3, 64, 64),)
    assert Spec(networks="unet", modules="se", channels="1").grid() == ((1, 256, 256),)


@pytest.mark.parametrize(
    ("name", "point", "says"),
    [
        ("unet", (1, 64, 32), ""),
        ("unet", (1, 100, 96), "sides that are a multiple of 16: --input 1x96x96 or 1x112x96"),
        ("resnet18", (3, 33, 40), ""),
        ("resnet18", (1, 33, 40), "it takes 3 channels: --input 3x33x40"),
    ],
)
def test_an_input_that_a_network_does_not_take_is_answered_with_one_that_it_does(name, point, says):
    reason = misfit(network_named(name), (1, *point))
    assert says in reason
    assert bool(says) == bool(reason)


def test_a_family_has_its_own_usual_place_where_the_network_says_so():
    assert place_of(network_named("unet"), entry("mhsa")) == "after_bridge"
    assert place_of(network_named("unet"), entry("se")) == "after_skip"
    assert place_of(network_named("unet"), entry("mhsa"), "1-2") == "after_bridge:1-2"
