"""What a device can do at best, found by a scripted machine, and on the CPU for real."""

from math import inf

import pytest
import torch

from attnprof.backends import BACKENDS, Sample
from attnprof.counting.rules import CATEGORIES
from attnprof.measuring.peaks import peaks, working_sets
from tests.measuring.machine import Machine


class Constant(Machine):
    """A machine on which everything takes so long, until it is asked often: then it was the noise."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.number = seconds, 0

    def sample(self, call, calls):
        self.number += 1
        seconds = self.seconds * calls * (1 + self.number % 3)
        return Sample(seconds, 0.0, seconds)


def test_a_peak_is_the_best_of_its_samples():
    found = peaks(Constant(1e-3), torch.device("cpu"), [torch.float32])
    assert found.rates["mac"] == pytest.approx(2 * 768**3 / 1e-3)
    assert found.launch == pytest.approx(1e-3)
    assert [size for size, _ in found.bandwidths] == [2**12, 2**16, 2**19, 2**23]
    assert found.bandwidths[-1][1] == pytest.approx(8 * 2**20 / 1e-3, rel=0.01)


def test_memory_is_what_eight_times_the_cache_shows_or_twice_where_that_is_much():
    assert working_sets(32 * 2**20)[-1] == 256 * 2**20
    assert working_sets(256 * 2**20)[-1] == 1024 * 2**20
    assert working_sets(1024 * 2**20)[-1] == 2048 * 2**20


def test_every_category_that_is_counted_has_a_rate():
    found = peaks(Constant(1e-3), torch.device("cpu"), [torch.float32])
    assert set(found.rates) == set(CATEGORIES)
    assert min(found.rates.values()) > 0


def test_of_two_formats_the_better_rate_counts():
    one = peaks(Constant(1e-3), torch.device("cpu"), [torch.float32])
    both = peaks(Constant(1e-3), torch.device("cpu"), [torch.float32, torch.bfloat16])
    assert all(both.rates[name] >= rate for name, rate in one.rates.items())


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_a_real_cpu_has_peaks_in_every_format(dtype, monkeypatch):
    backend = BACKENDS.get("cpu")
    monkeypatch.setattr(
        backend, "cache_bytes", lambda: 2**20
    )  # how large memory and products are is not of the format
    monkeypatch.setattr("attnprof.measuring.peaks.PRODUCTS", {"cpu": (32, 64)})
    found = peaks(backend, backend.device(0), [dtype])
    # How fast the machine is, and how busy, is not the test's affair.
    assert all(0 < rate < inf for rate in (*found.rates.values(), *(rate for _, rate in found.bandwidths)))
    assert 0 < found.launch < inf
