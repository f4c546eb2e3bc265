"""A module that fuses two maps is counted and called with two that differ; all others with one."""

import pytest
import torch

from attnprof.catalogue import MODULES, entry
from attnprof.counting import account, account_of, cost
from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES, NotTaken
from attnprof.subject.build import build
from attnprof.subject.calls import call_of
from attnprof.subject.counts import count, count_with
from attnprof.subject.inputs import by_call, examples, ring

CPU = torch.device("cpu")
FUSION = [name for name in MODULES.names() if entry(name).maps == 2]
SHAPE = (2, 64, 14, 14)


def case_of(name, **conditions):
    return Case(name, *SHAPE[1:], dict(entry(name).hyperparameters), batch=SHAPE[0], **conditions)


def test_the_family_is_the_modules_of_two_maps():
    assert [name for name in MODULES.names() if entry(name).family == "fusion"] == FUSION
    assert "aff_fusion" in FUSION


@pytest.mark.parametrize("name", FUSION)
@pytest.mark.parametrize("mode", ["eval", "train"])
def test_its_account_is_that_of_a_call_with_two_tensors(name, mode):
    case = case_of(name, mode=mode)
    maps = [torch.empty(SHAPE, device="meta") for _ in range(2)]
    train = mode == "train"
    module = build(case, torch.device("meta"))
    counted = count(case).account
    assert counted == account_of(module, *maps, backward=train)
    assert counted == cost(module, (SHAPE, SHAPE), backward=train)
    # Both maps, the output and the parameters; in training a gradient of each.
    weights = sum(p.numel() for p in module.parameters())
    elements = 3 * maps[0].numel() + weights
    assert counted.minimal_bytes == 4 * elements * (2 if train else 1)


@pytest.mark.parametrize("name", FUSION)
def test_by_its_name_one_shape_is_that_of_both(name):
    module = build(case_of(name), torch.device("meta"))
    assert cost(name, SHAPE) == account(module, SHAPE, maps=2)
    assert cost(name, ",".join(["2x64x14x14"] * 2)) == cost(name, SHAPE)


@pytest.mark.parametrize("name", FUSION)
def test_a_step_of_training_gives_both_maps_a_gradient(name, monkeypatch):
    case, inputs = case_of(name, mode="train"), []
    call = call_of(case, CPU, ring(case, CPU, 0))
    forward = call._module.forward
    monkeypatch.setattr(call._module, "forward", lambda x, y: inputs.extend((x, y)) or forward(x, y))
    call()
    grads = [x.grad for x in inputs]
    assert len(grads) == 2
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in grads)


def test_cold_maps_are_the_next_two_of_the_ring_and_no_copies():
    case = case_of("aff_fusion")
    calls = by_call(case, CPU, ring(case, CPU, 4 * 10**6))
    (first, second), (third, fourth) = next(calls), next(calls)
    assert first.shape == second.shape == SHAPE
    addresses = [x.data_ptr() for x in (first, second, third, fourth)]
    assert len(set(addresses)) == 4
    assert {x.untyped_storage().data_ptr() for x in (first, second)} == {first.untyped_storage().data_ptr()}
    assert not torch.equal(first, second)


def test_hot_maps_are_two_and_the_same_in_every_call():
    case = case_of("aff_fusion", inputs="hot")
    calls = by_call(case, CPU, ring(case, CPU, 0))
    first, again = next(calls), next(calls)
    assert [x.data_ptr() for x in first] == [x.data_ptr() for x in again]
    assert not torch.equal(*first)


def test_a_module_of_one_map_takes_one():
    for inputs in ("cold", "hot"):
        case = case_of("se", inputs=inputs)
        assert len(next(by_call(case, CPU, ring(case, CPU, 0)))) == len(examples(case, CPU)) == 1


@pytest.mark.parametrize("counter", ["flopcounter", "fvcore", "thop"])
def test_another_counter_gets_both(counter):
    pytest.importorskip({"flopcounter": "torch"}.get(counter, counter))
    case = case_of("aff_fusion")
    assert isinstance(count_with(counter, case, count(case).account.macs), int)


def test_a_runtime_of_one_map_says_so():
    others = [name for name in RUNTIMES.names() if not RUNTIMES.get(name).is_torch]
    case = case_of("aff_fusion", execution=others[0])
    with pytest.raises(NotTaken, match="of one map; aff_fusion takes two"):
        call_of(case, CPU, iter(()))
