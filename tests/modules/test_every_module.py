"""Laws that every module of the catalogue keeps; a new file is tested the moment it exists."""

import importlib
import json
import shutil
from dataclasses import replace
from functools import cache
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
from attnprof.subject.inputs import example

HERE = Path(__file__).parent
NAMES = MODULES.names()
# Odd and non-square ones first; the later ones are there for modules whose windows or heads want their multiples.
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
]
LARGE = [(64, 17, 23), (96, 28, 20), (256, 15, 15), (64, 56, 56), (192, 28, 28), (256, 14, 14), (128, 16, 24)]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """There is a process for every core already, and threads that wait for each other cost more than such small sizes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def settings_of(name):
    known = entry(name)
    return [{}, *known.variants.values()]


ALL = [
    pytest.param(name, given, id=f"{name}-{'-'.join(f'{k}={v}' for k, v in given.items()) or 'default'}")
    for name in NAMES
    for given in settings_of(name)
]


def fitting(candidates, most, train=False):
    """One parameter set per module, variant and size that fits it, ``most`` sizes at most."""
    for name in NAMES:
        for given in settings_of(name):
            fit = [size for size in candidates if not entry(name).refusal(*size, given, batch=2, train=train)]
            assert fit, f"{name} {given} takes none of the tests' sizes"
            settings = "-".join(f"{key}={value}" for key, value in given.items()) or "default"
            for c, h, w in fit[:most]:
                yield pytest.param(name, given, (c, h, w), id=f"{name}-{settings}-{c}@{h}x{w}")


def cases():
    for path in sorted((HERE / "cases").glob("*.json")):
        for case in json.loads(path.read_text()):
            yield pytest.param(
                path.stem, case, id=f"{path.stem}-{case['record']}-{case['C']}@{case['H']}x{case['W']}"
            )


def built(name, given, c, h, w, device="cpu", train=False, batch=2):
    refusal = entry(name).refusal(c, h, w, given, batch=batch, train=train)
    if refusal:
        pytest.skip(refusal)
    torch.manual_seed(0)
    with on_meta() if device == "meta" else torch.device(device):
        return create(name, c, height=h, width=w, **given).train(train)


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


@pytest.mark.parametrize(("name", "case"), list(cases()))
def test_counts_equal_the_catalogues_case(name, case):
    size = case["C"], case["H"], case["W"]
    module = built(name, case["settings"], *size, device="meta")
    counted = account(module.eval(), (1, *size))
    assert (counted.params, counted.macs, counted.buffers) == (case["params"], case["macs"], case["buffers"])


@pytest.mark.parametrize(("name", "given", "size"), list(fitting(LARGE, 2)))
def test_closed_forms_equal_the_count_of_a_batch(name, given, size):
    """Of one at a time they do at random sizes: tests/counting/test_catalogue.py."""
    known, n = entry(name), 2
    counted = account(built(name, given, *size, device="meta", batch=n).eval(), (n, *size))
    assert counted.params == known.params(*size, given)
    assert counted.macs == n * known.macs(*size, given)
    assert counted.output_shape == (n, *size)


@pytest.mark.parametrize(("name", "given", "size"), list(fitting(SMALL[2:], 2, train=True)))
def test_forward_and_backward_keep_shape_and_leave_the_input(name, given, size):
    module = built(name, given, *size, train=True)
    x = torch.randn(2, *size)
    before = x.clone()
    module.eval()(x)
    assert torch.equal(x, before)
    x.requires_grad_()
    y = module.train()(x)
    assert y.shape == x.shape
    y.square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert all(p.grad is not None for p in module.parameters() if p.requires_grad)


@pytest.mark.parametrize(("name", "given", "size"), list(fitting(SMALL[2:], 1)))
def test_state_dict_round_trips(name, given, size):
    first, second = built(name, given, *size), built(name, given, *size)
    second.load_state_dict(randomised(first).state_dict())
    x = torch.randn(2, *size)
    assert torch.equal(first(x), second(x))


@pytest.mark.parametrize(("name", "given"), ALL)
def test_it_asks_for_a_size_only_where_the_size_is_part_of_it(name, given):
    if entry(name).needs_size(given):
        with pytest.raises(ImpossibleShapeError, match="height and width"):
            create(name, 64, **given)
    else:
        sizes = [(c, h, w) for c in (64, 128) for h, w in ((15, 12), (8, 21), (14, 7))]
        for size in [size for size in sizes if entry(name).refusal(*size, given) is None][:2]:
            assert create(name, size[0], **given).eval()(torch.randn(1, *size)).shape == (1, *size)


@pytest.mark.parametrize(("name", "given", "size"), list(fitting(SMALL[2:], 1)))
def test_a_seed_gives_the_same_weights(name, given, size):
    one, two = (built(name, given, *size).state_dict() for _ in range(2))
    assert all(torch.equal(one[key], two[key]) for key in one)


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
    for given in known.variants.values():
        assert known.changes(given), "a variant changes something"


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_a_real_one(name):
    """Where an entry refuses a size, it says so in words; where it does not, the module runs."""
    known = entry(name)
    for c in (1, 2, 3, 4, 6, 8, 12, 16, 24, 30, 32, 48, 64, 100):
        for h, w in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (4, 4), (7, 7), (8, 6), (5, 9)):
            refusal = known.refusal(c, h, w)
            if refusal is None:
                with on_meta():
                    module = create(name, c, height=h, width=w).eval()
                counted = account(module, (1, c, h, w))
                assert counted.output_shape == (1, c, h, w)
                assert counted.params == known.params(c, h, w)
                assert counted.macs == known.macs(c, h, w)
            else:
                assert "{" not in refusal


def rerun(name, path=HERE / "restatements"):
    return (
        importlib.import_module(f"tests.modules.restatements.{name}")
        if (path / f"{name}.py").exists()
        else None
    )


@pytest.mark.parametrize(("name", "given", "size"), list(fitting(SMALL, 3)))
def test_numerics_agree_with_an_independent_restatement(name, given, size):
    module = randomised(built(name, given, *size).double()).eval()
    x = torch.randn(2, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    stated = rerun(name)
    assert stated is not None, f"tests/modules/restatements/{name}.py is missing"
    settings = entry(name).settings(given)
    with torch.no_grad():
        expected, got = stated.restate(x, dict(module.state_dict()), **settings), module(x)
    assert expected.shape == got.shape
    assert float((got - expected).norm() / expected.norm()) < 1e-10
    if name != "none":
        assert float((got - x).norm() / x.norm()) > 1e-6, "a gate that does nothing proves nothing"


@pytest.mark.parametrize(("name", "given", "size"), list(fitting(SMALL[2:], 1)))
@pytest.mark.parametrize(("dtype", "layout"), [("bf16", "contiguous"), ("fp32", "channels_last")], ids=str)
def test_it_runs_in_bf16_and_in_channels_last(name, given, size, dtype, layout):
    known = entry(name)
    case = Case(
        name, *size, tuple(sorted(known.settings(given).items())), batch=2, dtype=dtype, layout=layout
    )
    cpu = torch.device("cpu")
    with torch.no_grad():
        y = build(case, cpu)(example(case, cpu))
        plain = build(replace(case, dtype="fp32", layout="contiguous"), cpu)(
            example(case, cpu).float().contiguous()
        )
    assert y.dtype == (torch.bfloat16 if dtype == "bf16" else torch.float32)
    assert y.shape == (2, *size)
    error = float((y.float() - plain).norm() / plain.norm())
    assert error < (0.2 if dtype == "bf16" else 1e-4)


@pytest.fixture(scope="module")
def one_table_of_operators():
    """What ONNX operators there are, torch finds out anew for every export, from their sources: here once for all of them."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib)))
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("one_table_of_operators")
@pytest.mark.parametrize(("name", "given", "size"), [p for p in fitting(SMALL[2:], 1) if not p.values[1]])
def test_it_can_be_exported_or_its_entry_says_why_not(name, given, size):
    known = entry(name)
    if known.exports is not True:
        assert len(known.exports) > 10
        pytest.skip(known.exports)
    module = randomised(built(name, given, *size)).eval()
    x = torch.randn(1, *size)
    with torch.no_grad():
        program = torch.export.export(module, (x,))
        torch.testing.assert_close(program.module()(x), module(x), rtol=1e-3, atol=1e-4)
    written = torch.onnx.export(program, (x,), dynamo=True, verbose=False).model_proto
    assert len(written.graph.output) == 1
    assert [d.dim_value for d in written.graph.output[0].type.tensor_type.shape.dim] == [1, *size]


def compiled(name, given, size, backend):
    module = randomised(built(name, given, *size)).eval()
    x = torch.randn(2, *size)
    torch._dynamo.reset()
    with torch.no_grad():
        torch.testing.assert_close(torch.compile(module, backend=backend)(x), module(x), rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "given", "size"), [p for p in fitting(SMALL[2:], 1) if not p.values[1]])
def test_it_runs_under_compile_or_its_entry_says_why_not(name, given, size):
    known = entry(name)
    if known.compiles is not True:
        assert len(known.compiles) > 10
        pytest.skip(known.compiles)
    compiled(
        name, given, size, "aot_eager"
    )  # what of torch.compile depends on the module: capture and its decomposition


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("g++") is None, reason="the default backend of torch.compile needs a C++ compiler"
)
@pytest.mark.parametrize("name", ["se", "cbam", "nonlocal", "aa", "swin", "dat"])
def test_it_runs_under_compile_with_the_default_backend(name):
    (given, size) = next(p.values[1:] for p in fitting(SMALL[2:], 1) if p.values[0] == name)
    compiled(name, given, size, "inductor")
