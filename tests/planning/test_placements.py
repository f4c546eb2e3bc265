"""What a spec that names networks asks for: the plain ones, and every module at its place."""

import pytest

from attnprof.errors import SpecError, UsageError
from attnprof.planning import plan
from attnprof.planning.placements import placements
from attnprof.spec import Spec
from attnprof.spec.file import from_file, merge


def asked(**fields):
    return [(p.host, p.module, p.variant, p.place) for p in placements(Spec(**fields))]


def test_the_plain_network_comes_first_and_each_module_goes_to_its_own_place():
    assert asked(networks="resnet50,mobilenetv2", modules="se,sk,gc") == [
        ("resnet50", "none", "", ""),
        ("resnet50", "se", "", "after_bn3"),
        ("resnet50", "sk", "", "replace_conv2"),
        ("resnet50", "gc", "", "after_bn3:2-4"),
        ("mobilenetv2", "none", "", ""),
        ("mobilenetv2", "se", "", "after_depthwise"),
        ("mobilenetv2", "sk", "", "replace_depthwise"),
        ("mobilenetv2", "gc", "", "after_depthwise"),
    ]


def test_the_plain_network_is_there_once_even_when_it_is_asked_for():
    assert [module for _, module, _, _ in asked(networks="resnet18", modules="none,se,none")] == [
        "none",
        "se",
    ]


def test_what_the_authors_set_in_a_network_is_usual_there_and_what_the_user_sets_is_a_variant():
    found = placements(Spec(networks="resnet50", modules="eca,eca(kernel_size=none),eca(kernel_size=3)"))[1:]
    assert [(p.variant, dict(p.settings)["kernel_size"]) for p in found] == [
        ("", "3/5/5/7"), ("kernel_size=none", None), ("kernel_size=3", 3)
    ]  # fmt: skip


def test_a_sweep_is_set_by_the_user():
    found = placements(Spec(networks="resnet50", modules="eca", set="eca.kernel_size=3,5/5/7/7"))[1:]
    assert [p.variant for p in found] == ["kernel_size=3", "kernel_size=5/5/7/7"]


def test_a_place_can_be_narrowed_or_given():
    places = [
        place
        for *_, place in asked(networks="resnet50", modules="bam", at="last_1,2,after_bn3:4,layer1.*.bn1")[1:]
    ]
    assert places == ["after_stage:1-3:last_1", "after_stage:2", "after_bn3:4", "layer1.*.bn1"]


def test_a_sweep_of_places_has_each_stage_by_itself():
    places = [place for *_, place in asked(networks="resnet50", modules="gc", sweep_places=True)[1:]]
    assert places == ["after_bn3:2-4", "after_bn3:2", "after_bn3:3", "after_bn3:4"]


@pytest.mark.parametrize(
    ("network", "at", "stages"),
    [
        ("mobilenetv2", "after_depthwise", "234567"),  # none in the first
        ("mobilenetv2", "after_depthwise:3-4", "34"),
        ("resnet18", "layer1.*.bn1", "1"),
        ("resnet18", "before_conv", "1234"),
    ],
)
def test_a_sweep_of_places_goes_where_the_place_is(network, at, stages):
    places = [place for *_, place in asked(networks=network, modules="se", at=at, sweep_places=True)[1:]]
    named = at.partition(":")[0]
    assert places == [at, *(f"{named}:{stage}" for stage in stages)]


def test_a_submodule_of_a_network_of_ours_is_named_with_how_in_front():
    assert [place for *_, place in asked(networks="resnet18", modules="se", at="after:conv1")[1:]] == [
        "after:conv1"
    ]
    with pytest.raises(UsageError, match="has no place 'conv1'.* with after: in front"):
        asked(networks="resnet18", modules="se", at="conv1")


def test_modules_can_be_taken_away():
    modules = [module for _, module, _, _ in asked(networks="resnet50", modules="family:channel,!se,!none")]
    assert modules[0] == "none"
    assert "se" not in modules
    assert {"eca", "srm"} <= set(modules)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"at": "after_bn2x"}, "ResNet-50 v1.5 has no place 'after_bn2x'. Did you mean 'after_bn2'"),
        ({"at": "after_bn2:4-5"}, "after_bn2:4-5: ResNet-50 v1.5 has 4 stages"),
        ({"at": "7"}, "7: ResNet-50 v1.5 has 4 stages"),
        ({"modules": "eca(kernel_size=3/5)"}, "3/5 has 2 values; ResNet-50 v1.5 has 4 stages"),
    ],
)
def test_what_a_network_does_not_have_says_so(fields, says):
    with pytest.raises(UsageError, match=says):
        placements(Spec(**{"networks": "resnet50", "modules": "se", **fields}))


def test_a_case_in_a_network_is_of_the_networks_input():
    (plain, se) = plan(Spec(networks="resnet50", modules="se", res="160x192", batch=2), "cpu").cells
    assert se.case.shape == (2, 3, 160, 192)
    assert (se.case.host, se.case.place, se.case.network_input) == ("resnet50", "after_bn3", "160x192")
    assert se.case.label == "se in resnet50@160x192 after_bn3 batch 2"
    assert plain.case.label == "none in resnet50@160x192 batch 2"


def test_a_networks_input_is_224_by_224_unless_it_is_said():
    assert Spec(networks="resnet50").grid() == ((3, 224, 224),)
    assert Spec(networks="resnet50", channels="1", res="64").grid() == ((1, 64, 64),)


def test_the_spec_of_a_network_is_saved_and_read_again(tmp_path):
    spec = Spec(
        networks="resnet50", modules="eca(kernel_size=3/3/5/7)", at="after_bn3:2-4,last_2", sweep_places=True
    )
    (tmp_path / "spec.toml").write_text(spec.effective().to_toml())
    again = merge([from_file(tmp_path / "spec.toml")])
    assert again == spec.effective()
    assert plan(again, "cpu").cells == plan(spec, "cpu").cells


@pytest.fixture
def nets(tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "def small():\n    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten())\n"
        "def needs(width):\n    return nn.Conv2d(3, width, 1)\n"
    )
    return tmp_path / "nets.py"


def test_a_network_of_ones_own_has_no_places_but_patterns_and_numbers(nets):
    small = f"{nets}:small"
    assert [found[1:] for found in asked(networks=small, modules="se,sk", at="0,*:last_1")[1:]] == [
        ("se", "", "after:0"), ("se", "", "*:last_1"), ("sk", "", "replace:0"), ("sk", "", "*:last_1")
    ]  # fmt: skip
    with pytest.raises(UsageError, match=r"where in small\? Name its submodules: --at"):
        placements(Spec(networks=small, modules="se"))
    with pytest.raises(UsageError, match="--sweep-places: it goes over the stages of a network of ours"):
        placements(Spec(networks=small, modules="se", at="0", sweep_places=True))


@pytest.mark.parametrize(
    ("network", "says"),
    [
        ("{nets}:needs", "needs width: write .*:needs[(]width=[.]{3}[)]"),
        ("{nets}:smal", "no class or function 'smal'. Did you mean 'small'"),
        ("{nets}x.py:small", "cannot import .*no such file"),
    ],
)
def test_a_path_to_no_network_says_so(nets, network, says):
    with pytest.raises(SpecError, match=says):
        Spec(networks=network.format(nets=nets))


def test_a_changed_file_of_a_network_makes_other_cases(nets):
    spec = Spec(networks=f"{nets}:small", modules="se", at="0")
    before = {cell.case.key for cell in plan(spec, "cpu").cells}
    with nets.open("a") as file:
        file.write("# changed\n")
    assert before.isdisjoint(cell.case.key for cell in plan(spec, "cpu").cells)
