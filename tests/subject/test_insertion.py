"""Modules in a network: where, how many elements and MACs they add, and that the network stays what it
was."""

import pickle
from copy import deepcopy

import pytest
import torch
from torch import nn

from attnprof.catalogue import create, entry
from attnprof.counting import cost, on_meta
from attnprof.errors import ImpossibleShapeError, UnknownNameError, UsageError
from attnprof.networks import build_network, network_named, place_of, settings_in
from attnprof.subject.insertion import insert, sites

SHAPE = (1, 3, 224, 224)


def inside(network, module, place="", **settings):
    """``network`` with ``module`` in it, on meta, as the command line puts it there."""
    known, of = network_named(network), entry(module)
    with on_meta():
        made = build_network(network).eval()
    return insert(
        made,
        module,
        at=place_of(known, of, place),
        shape=SHAPE,
        host=known,
        **{**settings_in(known, of), **settings},
    )


# Exact params; GMACs of convolution, linear and matmul as they are printed.
@pytest.mark.parametrize(
    ("network", "module", "place", "settings", "params", "gmacs"),
    [
        ("resnet50", "se", "", {"bias": True}, 28_088_024, "4.0917"),
        ("resnet50", "se", "", {}, 28_071_976, "4.0917"),
        ("resnet50", "eca", "", {}, 25_557_112, "4.0893"),
        ("resnet50", "eca", "", {"kernel_size": None}, 25_557_118, "4.0893"),
        ("resnet50", "cbam", "", {}, 28_089_624, "4.0956"),
        ("resnet50", "triplet", "", {}, 25_561_832, "4.1355"),
        ("resnet50", "sa", "", {}, 25_557_740, "4.0892"),
        ("resnet50", "simam", "", {}, 25_557_032, "4.0892"),
        ("resnet50", "simam", "after_bn3", {}, 25_557_032, "4.0892"),
        ("resnet50", "gc", "after_bn3", {}, 28_105_032, "4.1027"),
        ("resnet50", "gc", "", {}, 28_078_773, "4.0979"),
        ("mobilenetv2", "se", "", {"reduction": 24, "bias": True}, 3_888_208, "0.3012"),
        ("mobilenetv2", "cbam", "", {"reduction": 24}, 3_889_808, "0.3025"),
        ("mobilenetv2", "ca", "", {}, 3_950_648, "0.3067"),
    ],
)
def test_a_network_with_a_module_counts_exactly(network, module, place, settings, params, gmacs):
    account = cost(inside(network, module, place, **settings), SHAPE)
    assert account.params == params
    assert f"{account.macs / 1e9:.4f}" == gmacs


@pytest.mark.parametrize(("place", "gmacs"), [("after_bn3", "4.0972"), ("", "4.0948")])
def test_without_its_matmul_global_context_counts_what_counters_of_layers_print(place, gmacs):
    account = cost(inside("resnet50", "gc", place), SHAPE)
    layers = sum(
        each.macs for each in account.operators if "convolution" in each.name or "addmm" in each.name
    )
    assert f"{layers / 1e9:.4f}" == gmacs


class Block(nn.Module):
    """A residual block of a user's: (N, 8, H, W) to the same shape."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x):
        return x + self.norm(self.conv(x)).relu()


class Net(nn.Module):
    """A user's own network: (N, 3, H, W) to (N, 5)."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(Block(), Block())
        self.widen = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.last = nn.Conv2d(16, 16, 3, stride=2, padding=1)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        return self.head(self.last(self.widen(self.blocks(self.stem(x)))).mean((2, 3)))


IMAGE = (2, 3, 32, 48)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net().eval()


@pytest.fixture
def image():
    return torch.randn(IMAGE, generator=torch.Generator().manual_seed(1))


def test_channels_and_sizes_are_found(net):
    found = sites(net, "se", "blocks.*.conv", IMAGE) + sites(net, "se", "last", IMAGE)
    assert [(s.name, s.channels, s.height, s.width) for s in found] == [
        ("blocks.0.conv", 8, 16, 24), ("blocks.1.conv", 8, 16, 24), ("last", 16, 4, 6)
    ]  # fmt: skip


def test_stages_of_a_network_of_ones_own_are_runs_of_equal_channels(net):
    found = [*sites(net, "se", "[sbwl]*", IMAGE)]
    assert [(s.name, s.stage) for s in found] == [("stem", 1), ("blocks", 1), ("widen", 2), ("last", 2)]
    assert [s.name for s in sites(net, "se", "[sbwl]*:2", IMAGE)] == ["widen", "last"]
    assert [s.name for s in sites(net, "se", "[sbwl]*:last_1", IMAGE)] == ["last"]


def test_a_stage_can_have_a_setting_of_its_own(net):
    insert(net, "eca", at="[sbwl]*", shape=IMAGE, kernel_size="3/5")
    weights = {name: p.numel() for name, p in net.named_parameters() if "attention" in name}
    assert [weights[name] for name in weights] == [3, 3, 5, 5]


def test_after_a_leaf_its_output_is_gated(net, image):
    insert(net, "se", at="blocks.*.norm", shape=IMAGE, reduction=4)
    x = net.stem(image)
    for block in net.blocks:
        gate = block.norm.attention
        plain = nn.functional.batch_norm(
            block.conv(x), block.norm.running_mean, block.norm.running_var, block.norm.weight, block.norm.bias
        )
        x = x + gate(plain).relu()
    torch.testing.assert_close(net(image), net.head(net.last(net.widen(x)).mean((2, 3))))


def test_after_a_sequential_the_module_comes_last(net, image):
    plain = net.blocks(net.stem(image))
    insert(net, "se", at="blocks", shape=IMAGE, reduction=4)
    torch.testing.assert_close(net.blocks(net.stem(image)), net.blocks.attention(plain))


def test_before_a_submodule_its_input_is_gated(net, image):
    insert(net, "se", at="before:widen", shape=IMAGE, reduction=4)
    x = net.blocks(net.stem(image))
    conv = net.widen
    expected = nn.functional.conv2d(conv.attention(x), conv.weight, conv.bias, stride=2, padding=1)
    torch.testing.assert_close(conv(x), expected)


def test_in_place_of_a_convolution_the_module_stands_alone(net):
    insert(net, "sk", at="replace:blocks.*.conv", shape=IMAGE, groups=4)
    assert [type(block.conv).__name__ for block in net.blocks] == ["SelectiveKernel"] * 2
    assert not any("blocks.0.conv.weight" in name for name in net.state_dict())


def test_what_strode_is_pooled_in_front_of_the_module(net, image):
    insert(net, "sk", at="replace:last", shape=IMAGE, groups=4)
    pool, module = net.last
    x = net.widen(net.blocks(net.stem(image)))
    assert (pool.stride, type(module).__name__) == ((2, 2), "SelectiveKernel")
    torch.testing.assert_close(net.last(x), module(nn.functional.avg_pool2d(x, 3, 2, 1)))


def test_trained_weights_of_the_plain_network_still_load(net):
    weights = deepcopy(net.state_dict())
    insert(net, "cbam", at="blocks.*.norm", shape=IMAGE, reduction=2)
    assert set(weights) < set(net.state_dict())
    missing, unexpected = net.load_state_dict(weights, strict=False)
    assert unexpected == []
    assert all(".attention." in name for name in missing)


def test_a_module_that_changes_nothing_leaves_the_answer(net, image):
    before = net(image)
    insert(net, "none", at="blocks.*.norm", shape=IMAGE)
    assert torch.equal(net(image), before)


def test_every_part_learns(net, image):
    insert(net, "se", at="blocks.*.norm", shape=IMAGE, reduction=4)
    net.train()(image).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    assert net.blocks[0].norm.attention.squeeze.weight.grad.abs().sum() > 0


def test_it_can_be_copied_and_pickled(net, image):
    insert(net, "se", at="blocks.*.norm", shape=IMAGE, reduction=4)
    for twin in (deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(twin(image), net(image))
        with torch.no_grad():
            twin.blocks[0].norm.attention.excite.weight.add_(1)
        assert not torch.equal(twin(image), net(image))


def test_it_can_be_exported(net, image):
    insert(net, "eca", at="blocks.*.norm", shape=IMAGE)
    exported = torch.export.export(net, (image,), strict=False).module()
    torch.testing.assert_close(exported(image), net(image))


def test_it_is_captured_whole_by_torch_compile(net, image):
    insert(net, "eca", at="blocks.*.norm", shape=IMAGE)
    captured = torch.compile(net, backend="eager", fullgraph=True)
    torch.testing.assert_close(captured(image), net(image))
    torch._dynamo.reset()


def test_two_modules_can_be_behind_one_another(net, image):
    insert(net, "se", at="blocks.*.norm", shape=IMAGE, reduction=4)
    insert(net, "eca", at="blocks.*.norm", shape=IMAGE)
    assert {"attention", "attention2"} <= {name for name, _ in net.blocks[0].norm.named_children()}
    assert torch.isfinite(net(image)).all()


def test_the_network_is_looked_at_and_not_run(net):
    seen = []
    net.stem.register_forward_hook(lambda *_: seen.append(torch.tensor(1.0).device))
    state = {name: value.clone() for name, value in net.state_dict().items()}
    net.train()
    net.blocks[0].eval()
    insert(net, "none", at="blocks.*.norm", shape=IMAGE)
    assert all(torch.equal(net.state_dict()[name], value) for name, value in state.items())
    assert [net.training, net.blocks[0].training, net.blocks[1].training] == [True, False, True]


def test_a_size_that_is_part_of_the_module_is_found_too(net, image):
    insert(net, "ge", at="widen", shape=IMAGE)
    assert torch.isfinite(net(image)).all()


@pytest.mark.parametrize(
    ("at", "module", "kind", "says"),
    [
        ("nothing.*", "se", UsageError, r"nothing in the network is called 'nothing\.\*'"),
        ("block.0.conv", "se", UsageError, "Did you mean 'blocks.0.conv'"),
        ("head", "se", ImpossibleShapeError, "head: what is there is no map"),
        ("replace:widen", "sk", ImpossibleShapeError, "it turns 8 channels into 16"),
        ("stem", "sa", ImpossibleShapeError, "after stem, 8@16x24: channels must be"),
        ("blocks.*.norm:3", "se", UsageError, "none of the 2 places is there; they are in stage 1"),
        ("x y", "se", UsageError, "is not a place"),
        ("last_1", "se", UsageError, "names no place"),
        ("stem", "sse", UnknownNameError, "no module 'sse'"),
    ],
)
def test_what_does_not_fit_says_so_and_changes_nothing(net, at, module, kind, says):
    before = set(net.state_dict())
    with pytest.raises(kind, match=says):
        insert(net, module, at=at, shape=IMAGE)
    assert set(net.state_dict()) == before


def test_a_submodule_that_is_never_called_is_no_place(net):
    net.idle = nn.Conv2d(3, 3, 1)
    with pytest.raises(UsageError, match="idle: the network does not call it"):
        insert(net, "se", at="idle", shape=IMAGE)


def test_a_submodule_that_meets_several_widths_is_no_place(net):
    shared = nn.ReLU()
    net.stem, net.widen, net.relu = nn.Sequential(net.stem, shared), nn.Sequential(net.widen, shared), shared
    with pytest.raises(ImpossibleShapeError, match=r"calls it 2 times, with other channels: 8, 16"):
        insert(net, "se", at="stem.1", shape=IMAGE)


def test_a_submodule_that_is_called_twice_alike_gates_twice(net, image):
    shared = nn.ReLU()
    net.blocks = nn.Sequential(shared, shared)
    insert(net, "se", at="blocks.0", shape=IMAGE, reduction=4)
    gate = shared.attention
    x = net.stem(image)
    torch.testing.assert_close(net.blocks(x), gate(gate(x.relu()).relu()))


def test_what_shrinks_without_a_stride_is_not_replaced(net):
    net.last = nn.Conv2d(16, 16, 3)  # 8x12 to 6x10
    with pytest.raises(ImpossibleShapeError, match="it turns 8x12 into 6x10, which is no stride"):
        insert(net, "sk", at="replace:last", shape=IMAGE, groups=4)


def test_what_enlarges_is_not_replaced(net):
    net.last = nn.ConvTranspose2d(16, 16, 2, stride=2)
    with pytest.raises(ImpossibleShapeError, match="it turns 8x12 into 16x24, which is no stride"):
        insert(net, "sk", at="replace:last", shape=IMAGE, groups=4)


def test_a_network_of_another_library_takes_a_module_by_pattern():
    network = pytest.importorskip("pytorchcv.model_provider").get_model("resnet18").eval()
    plain = cost(network, SHAPE)
    names = set(network.state_dict())
    insert(network, "se", at="features.stage*.*.body.conv2", shape=SHAPE)
    # Two blocks per stage of 64 to 512 channels, each with two linear layers of C x C/16.
    assert cost(network, SHAPE).params - plain.params == 2 * sum(2 * c * c // 16 for c in (64, 128, 256, 512))
    assert names < set(network.state_dict())


def test_the_gate_is_of_the_networks_dtype_and_device(net):
    insert(net.double(), "se", at="stem", shape=IMAGE, reduction=4)
    assert net.stem.attention.squeeze.weight.dtype == torch.float64


def test_the_same_module_stands_alone_and_inside(net, image):
    torch.manual_seed(3)
    insert(net, "se", at="stem", shape=IMAGE, reduction=4)
    torch.manual_seed(3)
    alone = create("se", 8, reduction=4)
    assert torch.equal(alone.squeeze.weight, net.stem.attention.squeeze.weight)
