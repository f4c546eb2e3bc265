"""What a network is called with, and what it says of an input that it does not take."""

import pytest

from attnprof.catalogue import entry
from attnprof.counting import cost, on_meta
from attnprof.networks import IMAGE, build_network, network_named, place_of, usual_input
from attnprof.spec import Spec
from attnprof.subject.admission import misfit
from attnprof.subject.insertion import insert


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
        ("vit_small_16", (3, 384, 384), ""),
        ("swin_tiny", (3, 448, 224), ""),
        ("swin_tiny", (3, 256, 256), "a multiple of 224: --input 3x224x224 or 3x448x448"),
        ("yolov8n", (4, 650, 640), "a multiple of 32: --input 4x640x640 or 4x672x640"),
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
    assert place_of(network_named("vit_small_16"), entry("mhsa")) == "replace_attention"
    assert place_of(network_named("vit_small_16"), entry("se")) == "after_mlp"


@pytest.mark.parametrize(("name", "module"), [("vit_small_16", "mhsa"), ("swin_tiny", "swin")])
def test_the_attention_of_a_transformer_in_its_own_place_changes_no_count(name, module):
    network = network_named(name)
    side = network.multiple
    with on_meta():
        plain, other = (build_network(name, (3, side, side)).eval() for _ in range(2))
        settings = {"heads": 6} if module == "mhsa" else {}
        insert(
            other, module, at="replace_attention", shape=(1, 3, side, side), host=network, settings=settings
        )
    counts = [(each.params, each.macs) for each in (cost(net, (1, 3, side, side)) for net in (plain, other))]
    assert counts[0] == counts[1]
