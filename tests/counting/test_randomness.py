"""Whatever was drawn before a count, and whatever is drawn meanwhile, the next numbers are the same."""

import random
import subprocess
import sys
from unittest.mock import patch

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.counting import randomness
from attnprof.counting.randomness import kept_random_states

DRAWS = {
    "a normal number": lambda: np.random.standard_normal(),
    "three normal numbers": lambda: np.random.randn(3),
    "a uniform number": lambda: np.random.rand(),
    "a whole number": lambda: np.random.randint(7),
    "a byte": lambda: np.random.bytes(1),
    "a seed": lambda: np.random.seed(3),
    "Python's": random.random,
    "Python's normal": lambda: random.gauss(0, 1),
    "torch's": lambda: torch.randn(3),
}
draws = st.lists(st.sampled_from(sorted(DRAWS)), max_size=5)


def numbers(names):
    for name in names:
        DRAWS[name]()


def next_numbers():
    """Of every generator, with the normal number that may wait."""
    return [
        np.random.standard_normal(3).tolist(),
        np.random.rand(2).tolist(),
        [random.gauss(0, 1), random.random()],
        torch.randn(3).tolist(),
    ]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(before=draws, meanwhile=draws)
def test_the_next_numbers_are_those_that_would_have_come(before, meanwhile):
    assert_same_numbers(before, meanwhile)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(before=draws, meanwhile=draws)
def test_where_memory_is_laid_out_in_another_way_too(before, meanwhile):
    nowhere = {"_place_in_python": lambda: None, "_place_in_numpy": lambda numpy_random: None}
    with patch.multiple(randomness, **nowhere):
        assert_same_numbers(before, meanwhile)


def test_in_this_python_both_generators_are_read_from_memory():
    assert randomness._place_in_python() is not None
    assert randomness._place_in_numpy(np.random) is not None


def assert_same_numbers(before, meanwhile):
    drawn = []
    for now in ([], meanwhile):
        np.random.seed(1)
        random.seed(1)
        torch.manual_seed(1)
        numbers(before)
        with kept_random_states():
            numbers(now)
        drawn.append(next_numbers())
    assert drawn[0] == drawn[1]


def test_another_generator_of_numpy_is_put_back_too():
    usual = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(3))
    try:
        expected = np.random.RandomState(np.random.PCG64(3)).random_sample(2).tolist()
        with kept_random_states():
            np.random.random_sample(5)
        assert np.random.random_sample(2).tolist() == expected
    finally:
        np.random.set_bit_generator(usual)


def test_a_count_imports_no_random_numbers_of_numpy():
    code = (
        "import sys; from torch import nn; from attnprof import cost; cost(nn.Linear(2, 2), (1, 2));"
        "sys.exit('numpy.random' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
