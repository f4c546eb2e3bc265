"""Other counters: what they give for a convolution, what becomes of their failures, and what they leave
behind."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from attnprof.catalogue import entry
from attnprof.counters import COUNTERS, Counter
from attnprof.records.case import Case
from attnprof.subject.build import build
from attnprof.subject.counts import MOST_REAL_MACS, count_with
from attnprof.subject.tracing import ShapesAlone

# thop imports distutils, whose versions are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning")

CPU, META = torch.device("cpu"), torch.device("meta")
NAMES = COUNTERS.names()


def case_of(module, channels=64, side=14, **more):
    settings = dict(entry(module).hyperparameters)
    return Case(module, channels, side, side, settings, **more)


def conv(device, bias=False):
    with torch.device(device):
        return nn.Conv2d(3, 4, 3, padding=1, bias=bias).eval()


class Registry:
    """Stands for the registry of counters: every name is one and the same."""

    def __init__(self, count, computes=False):
        self.counter = Counter(count=count, computes=computes)

    def get(self, name):
        return self.counter


def given(monkeypatch, count, computes=False):
    monkeypatch.setattr("attnprof.subject.counts.COUNTERS", Registry(count, computes))


@pytest.mark.parametrize("name", NAMES)
def test_a_convolution_is_what_everybody_counts_alike(name):
    assert COUNTERS.get(name).count(conv(CPU), torch.randn(1, 3, 5, 5)) == 4 * 3 * 9 * 25


@pytest.mark.parametrize("name", NAMES)
def test_a_counters_count_is_an_integer(name):
    assert type(COUNTERS.get(name).count(conv(CPU), torch.randn(1, 3, 5, 5))) is int


@pytest.mark.parametrize("module", ["se", "cbam", "eca", "nonlocal"])
def test_thop_counts_on_meta_what_it_counts_on_the_cpu(module):
    case, thop = case_of(module), COUNTERS.get("thop")
    with torch.no_grad():
        on_meta = thop.count(build(case, META), torch.empty(case.shape, device="meta"))
        on_cpu = thop.count(build(case, CPU), torch.randn(case.shape))
    assert on_meta == on_cpu


@pytest.mark.parametrize("name", [name for name in NAMES if not COUNTERS.get(name).computes])
def test_a_counter_that_needs_no_real_numbers_counts_on_meta(name):
    with ShapesAlone():
        assert COUNTERS.get(name).count(conv(META), torch.empty(1, 3, 5, 5, device="meta")) == 4 * 3 * 9 * 25


@pytest.mark.parametrize("name", NAMES)
def test_a_counter_is_asked_about_a_case(name):
    found = count_with(name, case_of("se"), 512)
    assert type(found) is int
    assert found >= 512


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "changes", [{"mode": "train"}, {"dtype": "bf16"}, {"layout": "channels_last"}], ids=str
)
def test_mode_and_number_format_change_nothing_for_a_counter(name, changes):
    case = case_of("cbam")
    plain = count_with(name, case, 1)
    assert type(plain) is int
    assert count_with(name, replace(case, **changes), 1) == plain


@pytest.mark.parametrize("name", NAMES)
def test_a_counter_leaves_nothing_behind(name):
    case = case_of("cbam")
    before = build(case, CPU)
    names = [sorted(vars(child)) for child in before.modules()]
    first = count_with(name, case, 1)
    assert type(first) is int
    after = build(case, CPU)
    assert [sorted(vars(child)) for child in after.modules()] == names
    assert all(torch.equal(before.state_dict()[key], value) for key, value in after.state_dict().items())
    assert list(before.state_dict()) == list(after.state_dict())
    assert count_with(name, case, 1) == first
    assert torch.is_grad_enabled()


def test_a_counter_has_a_copy_of_its_own(monkeypatch):
    seen = []

    def keep(module, x):
        seen.append((module, x))
        module.register_buffer("total_ops", torch.zeros(1))
        return 1

    given(monkeypatch, keep)
    case = case_of("se")
    assert [count_with("some", case, 1), count_with("some", case, 1)] == [1, 1]
    (one, _), (other, _) = seen
    assert one is not other


@pytest.mark.parametrize("computes", [True, False])
def test_a_counter_gets_real_numbers_only_where_it_computes(monkeypatch, computes):
    seen = []
    given(monkeypatch, lambda module, x: seen.append((module, x)) or 1, computes)
    count_with("some", case_of("se", batch=2, mode="train", dtype="fp16"), 1)
    ((module, x),) = seen
    device = "cpu" if computes else "meta"
    assert (x.device.type, x.dtype, tuple(x.shape)) == (device, torch.float32, (2, 64, 14, 14))
    assert {(p.device.type, p.dtype) for p in module.parameters()} == {(device, torch.float32)}
    assert not module.training


@pytest.mark.parametrize(
    ("problem", "note"),
    [
        (RuntimeError("no such operator\nand more"), "some failed: RuntimeError: no such operator"),
        (KeyError("prim::x"), "some failed: KeyError: 'prim::x'"),
        (ValueError(), "some failed: ValueError: "),
        (ImportError("No module named 'some'"), "some is not installed (No module named 'some')"),
        (ZeroDivisionError("x" * 1000), ("some failed: ZeroDivisionError: " + "x" * 1000)[:200]),
        (AssertionError("because"), "some failed: AssertionError: because"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_counter_that_fails_is_a_note(monkeypatch, problem, note):
    def fail(module, x):
        raise problem

    given(monkeypatch, fail)
    assert count_with("some", case_of("se"), 1) == note


def test_a_counter_that_is_interrupted_is_no_note(monkeypatch):
    def interrupt(module, x):
        raise KeyboardInterrupt

    given(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        count_with("some", case_of("se"), 1)


def test_a_counter_that_computes_is_not_asked_for_more_than_a_machine_can_do(monkeypatch):
    asked = []
    given(monkeypatch, lambda module, x: asked.append(x) or 1, computes=True)
    assert count_with("some", case_of("se"), MOST_REAL_MACS) == 1
    said = count_with("some", case_of("se"), MOST_REAL_MACS + 1)
    assert said == f"some not asked: it would compute {MOST_REAL_MACS + 1} MACs for real"
    assert len(asked) == 1


def test_a_counter_that_does_not_compute_is_always_asked(monkeypatch):
    given(monkeypatch, lambda module, x: 7)
    assert count_with("some", case_of("se"), 10**18) == 7
