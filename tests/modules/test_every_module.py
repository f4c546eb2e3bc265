"""Laws that every module of the catalogue keeps; a new file is tested the moment it exists."""

import importlib
import json
import shutil
from dataclasses import replace
from functools import cache, partial
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import nn

from attnprof.catalogue import MODULES, create, entry
from attnprof.catalogue.entry import FAMILIES, PLACES
from attnprof.counting import account, on_meta
from attnprof.errors import ImpossibleShapeError
from attnprof.records.case import Case
from attnprof.subject.build import build
from attnprof.subject.inputs import examples
from tests.every_case import every_case, hold_together

HERE = Path(__file__).parent
NAMES = MODULES.names()
# Odd and non-square ones first; the later ones are there for modules whose windows or heads want their
# multiples.
SMALL = [
    (32, 9, 9),
    (64, 6, 6),
    (32, 7, 12),
    (64, 13, 22),
    (64, 16, 8),
    (64, 14, 21),
    (64, 14, 14),
    (64, 28, 28),
    (128, 6, 6),
    (96, 9, 9),
]
LARGE = [(64, 17, 23), (96, 28, 20), (256, 15, 15), (64, 56, 56), (192, 28, 28), (256, 14, 14), (128, 16, 24)]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """There is a process for every core already, and threads that wait for each other cost more than such
    small sizes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def settings_of(name):
    """The default, and every named variant."""
    return [{}, *entry(name).variants.values()]


def label(settings):
    return "-".join(f"{key}={value}" for key, value in settings.items()) or "default"


def fitting(name, settings, candidates, most, train=False):
    """The first sizes among ``candidates`` that the module takes with these settings, ``most`` of them."""
    known = entry(name)
    sizes = [size for size in candidates if not known.refusal(*size, settings, batch=2, train=train)]
    assert sizes, f"{name} {settings} takes none of the tests' sizes"
    return sizes[:most]


def variants_and_sizes(name, candidates, most, train=False):
    for settings in settings_of(name):
        for size in fitting(name, settings, candidates, most, train):
            yield settings, size


def built(name, settings, c, h, w, device="cpu", train=False, batch=2):
    assert entry(name).refusal(c, h, w, settings, batch=batch, train=train) is None
    torch.manual_seed(0)
    with on_meta() if device == "meta" else torch.device(device):
        return create(name, c, height=h, width=w, **settings).train(train)


def counts_of(name, module, shape):
    """The account of the module ``name`` for maps of ``shape``."""
    return account(module.eval(), shape, maps=entry(name).maps)


def maps(name, *shape, dtype=torch.float32):
    """A random map of ``shape`` for each that the module takes."""
    generator = torch.Generator().manual_seed(2)
    return [torch.randn(*shape, dtype=dtype, generator=generator) for _ in range(entry(name).maps)]


def randomised(module):
    """Give every parameter and running statistic a random value: many gates are constant when fresh."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.copy_(torch.randn(tensor.shape, generator=generator, dtype=torch.float64) * 0.3)
        for name, tensor in module.named_buffers():
            if name.endswith("running_var"):
                tensor.copy_(torch.rand(tensor.shape, generator=generator, dtype=torch.float64) + 0.5)
            elif name.endswith("running_mean"):
                tensor.copy_(torch.randn(tensor.shape, generator=generator, dtype=torch.float64) * 0.3)
    return module


@pytest.mark.parametrize("name", [path.stem for path in sorted((HERE / "cases").glob("*.json"))])
def test_counts_equal_the_catalogues_cases(name):
    with every_case() as case:
        for record in json.loads((HERE / "cases" / f"{name}.json").read_text()):
            size = record["C"], record["H"], record["W"]
            with case(record["record"], *size):
                module = built(name, record["settings"], *size, device="meta")
                counted = counts_of(name, module, (1, *size))
                assert counted.params == record["params"]
                assert counted.macs == record["macs"]
                assert counted.buffers == record["buffers"]


@pytest.mark.parametrize("name", NAMES)
def test_closed_forms_equal_the_count_of_a_batch(name):
    """Of one at a time they do at random sizes: tests/counting/test_catalogue.py."""
    known, n = entry(name), 2
    with every_case() as case:
        for settings, size in variants_and_sizes(name, LARGE, 2):
            with case(label(settings), size):
                module = built(name, settings, *size, device="meta", batch=n)
                counted = counts_of(name, module, (n, *size))
                assert counted.params == known.params(*size, settings)
                assert counted.macs == n * known.macs(*size, settings)
                assert counted.output_shape == (n, *size)


@pytest.mark.parametrize("name", NAMES)
def test_forward_and_backward_keep_shape_and_leave_the_input(name):
    with every_case() as case:
        for settings, size in variants_and_sizes(name, SMALL[2:], 2, train=True):
            with case(label(settings), size):
                module = built(name, settings, *size, train=True)
                inputs = maps(name, 2, *size)
                before = [x.clone() for x in inputs]
                module.eval()(*inputs)
                assert all(map(torch.equal, inputs, before))
                y = module.train()(*(x.requires_grad_() for x in inputs))
                assert y.shape == (2, *size)
                y.square().sum().backward()
                assert all(x.grad is not None and x.grad.isfinite().all() for x in inputs)
                assert all(p.grad is not None for p in module.parameters() if p.requires_grad)


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_same_weights_and_a_state_dict_round_trips(name):
    with every_case() as case:
        for settings, size in variants_and_sizes(name, SMALL[2:], 1):
            with case(label(settings), size):
                first, second = built(name, settings, *size), built(name, settings, *size)
                one, two = first.state_dict(), second.state_dict()
                assert one.keys() == two.keys()
                assert all(torch.equal(one[key], two[key]) for key in one)
                second.load_state_dict(randomised(first).state_dict())
                inputs = maps(name, 2, *size)
                assert torch.equal(first(*inputs), second(*inputs))


@pytest.mark.parametrize("name", NAMES)
def test_it_asks_for_a_size_only_where_the_size_is_part_of_it(name):
    known = entry(name)
    with every_case() as case:
        for settings in settings_of(name):
            with case(label(settings)):
                if known.needs_size(settings):
                    with pytest.raises(ImpossibleShapeError, match="height and width"):
                        create(name, 64, **settings)
                    continue
                sizes = [(c, h, w) for c in (64, 128) for h, w in ((15, 12), (8, 21), (14, 7))]
                for size in [size for size in sizes if known.refusal(*size, settings) is None][:2]:
                    module = create(name, size[0], **settings).eval()
                    assert module(*maps(name, 1, *size)).shape == (1, *size)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_parsed_is_what_is_imported(name):
    module = importlib.import_module(MODULES.module_name(name))
    known, literal = entry(name), module.ENTRY
    cls = getattr(module, literal["class"])
    assert issubclass(cls, nn.Module)
    keyword_only = {
        key: value
        for key, value in (cls.__init__.__kwdefaults__ or {}).items()
        if key not in ("height", "width")
    }
    assert known.hyperparameters == keyword_only
    assert (known.name, known.family, known.place) == (literal["name"], literal["family"], literal["place"])
    assert known.variants == literal.get("variants", {})
    assert known.params_formula == literal["params"]


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_complete(name):
    known = entry(name)
    assert known.family in FAMILIES
    assert known.place in PLACES
    assert known.summary.endswith(".")
    if known.paper:
        assert known.paper.arxiv or known.paper.url
        assert known.paper.title in known.doc.replace("\n", " ")
        assert known.paper.arxiv in known.doc
    for settings in known.variants.values():
        assert known.changes(settings), "a variant changes something"
    for capability in (known.exports, known.compiles):
        assert capability is True or len(capability) > 10, "it says why not"


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_a_real_one(name):
    """Where an entry refuses a size, it says so in words; where it does not, the module runs."""
    known = entry(name)
    channels = (1, 2, 3, 4, 6, 8, 12, 16, 24, 30, 32, 48, 64, 100)
    sizes = ((1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (4, 4), (7, 7), (8, 6), (5, 9))
    sized, modules = known.needs_size({}), {}  # one module serves all maps unless their size is part of it
    with every_case() as case:
        for c, (h, w) in product(channels, sizes):
            with case(c, h, w):
                refusal = known.refusal(c, h, w)
                if refusal is not None:
                    assert "{" not in refusal
                    continue
                key = (c, h, w) if sized else c
                if key not in modules:
                    with on_meta():
                        modules[key] = create(name, c, height=h, width=w).eval()
                module = modules[key]
                counted = counts_of(name, module, (1, c, h, w))
                assert counted.output_shape == (1, c, h, w)
                assert counted.params == known.params(c, h, w)
                assert counted.macs == known.macs(c, h, w)


@pytest.mark.parametrize("name", NAMES)
def test_numerics_agree_with_an_independent_restatement(name):
    assert (HERE / "restatements" / f"{name}.py").exists()
    restate = importlib.import_module(f"tests.modules.restatements.{name}").restate
    with every_case() as case:
        for settings, size in variants_and_sizes(name, SMALL, 3):
            with case(label(settings), size), torch.no_grad():
                module = randomised(built(name, settings, *size).double()).eval()
                inputs = maps(name, 2, *size, dtype=torch.float64)
                expected = restate(*inputs, dict(module.state_dict()), **entry(name).settings(settings))
                got, x = module(*inputs), inputs[0]
                assert expected.shape == got.shape
                assert float((got - expected).norm() / expected.norm()) < 1e-10
                if name != "none":
                    assert float((got - x).norm() / x.norm()) > 1e-6, (
                        "a gate that does nothing proves nothing"
                    )


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_in_bf16_and_in_channels_last(name):
    cpu = torch.device("cpu")
    with every_case() as case:
        for settings, size in variants_and_sizes(name, SMALL[2:], 1):
            values = dict(entry(name).settings(settings))
            usual = Case(name, *size, values, batch=2, dtype="fp32", layout="contiguous")
            in_fp32 = build(usual, cpu)
            for dtype, layout, most in (("bf16", "contiguous", 0.2), ("fp32", "channels_last", 1e-4)):
                other = replace(usual, dtype=dtype, layout=layout)
                with case(label(settings), size, dtype, layout), torch.no_grad():
                    inputs = examples(other, cpu)
                    y, plain = build(other, cpu)(*inputs), in_fp32(*(x.float().contiguous() for x in inputs))
                    assert y.dtype == (torch.bfloat16 if dtype == "bf16" else torch.float32)
                    assert y.shape == (2, *size)
                    assert float((y.float() - plain).norm() / plain.norm()) < most


class SideBySide(nn.Module):
    """Modules that each get maps of their own: a compiler that starts once serves them all."""

    def __init__(self, modules):
        super().__init__()
        self.parts = nn.ModuleList(modules)

    def forward(self, *inputs):
        return tuple(part(*own) for part, own in zip(self.parts, inputs, strict=True))


def side_by_side(names, batch):
    """The modules with random weights in one, and the maps of each."""
    sizes = [fitting(name, {}, SMALL[2:], 1)[0] for name in names]
    parts = [randomised(built(name, {}, *size)).eval() for name, size in zip(names, sizes, strict=True)]
    inputs = tuple(tuple(maps(name, batch, *size)) for name, size in zip(names, sizes, strict=True))
    return SideBySide(parts).eval(), inputs


def groups(size=8):
    """The catalogue in groups."""
    parts = [NAMES[first : first + size] for first in range(0, len(NAMES), size)]
    return pytest.mark.parametrize("names", parts, ids=["-".join(part) for part in parts])


def compute_the_same(names, outputs, expected):
    with every_case() as case:
        for name, output, y in zip(names, outputs, expected, strict=True):
            with case(name):
                torch.testing.assert_close(output, y, rtol=1e-3, atol=1e-4)


@pytest.fixture(scope="module")
def one_table_of_operators():
    """Which operators ONNX and torch have, every export finds out anew from their sources: here once for all
    of them."""
    from torch._export import utils
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib)))
        name = "_collect_all_valid_cia_ops_for_namespace"
        patch.setattr(utils, name, cache(getattr(utils, name)), raising=True)
        yield


def can_be_exported(names, strict):
    """strict: torch.compile's capture takes the module, whole."""
    module, inputs = side_by_side(names, batch=1)
    torch._dynamo.reset()
    with torch.no_grad():
        program = torch.export.export(module, inputs, strict=strict)
        compute_the_same(names, program.module()(*inputs), module(*inputs))
    graph = torch.onnx.export(program, inputs, dynamo=True, verbose=False).model_proto.graph
    shapes = [[side.dim_value for side in output.type.tensor_type.shape.dim] for output in graph.output]
    assert shapes == [list(own[0].shape) for own in inputs]


@pytest.mark.slow
@pytest.mark.usefixtures("one_table_of_operators")
@groups()
def test_what_its_entry_says_can_be_exported_or_run_under_compile_can_be(names):
    """One capture for both: a strict export is torch.compile's own capture, without a break, and its
    decomposition."""
    exported = [name for name in names if entry(name).exports is True]
    compiled = [name for name in names if entry(name).compiles is True]
    hold_together(partial(can_be_exported, strict=True), [name for name in exported if name in compiled])
    hold_together(partial(can_be_exported, strict=False), [name for name in exported if name not in compiled])
    hold_together(runs_under_compile, [name for name in compiled if name not in exported])


def runs_under_compile(names, backend="aot_eager", options=None):
    module, inputs = side_by_side(names, batch=2)
    torch._dynamo.reset()
    with torch.no_grad():
        outputs = torch.compile(module, backend=backend, options=options)(*inputs)
        compute_the_same(names, outputs, module(*inputs))


# One C++ file for all kernels and what calls them, translated without optimisation, and no trial of the
# processor's instructions: the same kernels in a file each take four times as long. No vectors: which loops get
# them is a search, and torch's own affair.
QUICKLY = {
    "cpp_wrapper": True,
    "aot_inductor.debug_compile": True,
    "cpp.vec_isa_ok": True,
    "cpp.simdlen": 1,
}


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("g++") is None, reason="the default backend of torch.compile needs a C++ compiler"
)
def test_modules_run_under_compile_with_the_default_backend():
    """Convolutions, pools and gates; windows, norms, matrix products and a softmax; samples of a grid."""
    compiled = partial(runs_under_compile, backend="inductor", options=QUICKLY)
    hold_together(compiled, ["cbam", "swin", "dat"])
