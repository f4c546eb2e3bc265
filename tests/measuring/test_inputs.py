"""Inputs that are drawn once and laid out again and again."""

import pytest
import torch

from attnprof.measuring.inputs import RandomPool, random_inputs

CPU = torch.device("cpu")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_inputs_are_as_random_as_one_drawn_by_itself_and_no_two_are_alike(dtype):
    made = random_inputs(7, (2, 64, 56, 56), CPU, dtype, seed=3)
    assert [tuple(x.shape) for x in made] == [(2, 64, 56, 56)] * 7
    assert all(x.dtype == dtype and x.is_contiguous() for x in made)
    for number, x in enumerate(made):
        assert abs(float(x.float().mean())) < 0.02
        assert abs(float(x.float().std()) - 1) < 0.02
        assert not any(torch.equal(x, other) for other in made[:number])


def test_inputs_lie_one_behind_the_other():
    one, two, *_ = random_inputs(3, (8, 100, 1000), CPU, torch.float32, seed=0)
    assert two.data_ptr() - one.data_ptr() == one.nbytes


def test_a_seed_gives_the_same_values_again():
    one, same, other = (random_inputs(2, (8, 100, 1000), CPU, torch.float32, seed=n)[1] for n in (5, 5, 6))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_pool_gives_the_next_size_the_same_memory():
    pool = RandomPool()
    one = pool.inputs(20, (64, 56, 56), CPU, torch.float32, seed=5)
    other = pool.inputs(6, (256, 56, 56), CPU, torch.float32, seed=5)
    assert other[0].data_ptr() == one[0].data_ptr()
    alone = random_inputs(6, (256, 56, 56), CPU, torch.float32, seed=5)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(other, alone, strict=True))


def test_few_values_do_not_depend_on_what_a_pool_holds():
    pool = RandomPool()
    pool.inputs(20, (64, 56, 56), CPU, torch.float32, seed=5)
    few, alone = (source(3, (1, 3, 7), CPU, torch.float32, seed=5) for source in (pool.inputs, random_inputs))
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(few, alone, strict=True))


@pytest.mark.parametrize(
    ("count", "dtype", "seed"), [(20, torch.float64, 5), (20, torch.float32, 6), (200, torch.float32, 5)]
)
def test_a_pool_gives_no_other_values_than_it_was_asked_for(count, dtype, seed):
    pool = RandomPool()
    pool.inputs(20, (64, 56, 56), CPU, torch.float32, seed=5)
    again = pool.inputs(count, (64, 56, 56), CPU, dtype, seed)
    alone = random_inputs(count, (64, 56, 56), CPU, dtype, seed)
    assert len(again) == count
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(again, alone, strict=True))
