"""Noting the time that workers spend inside samples."""

from types import SimpleNamespace

import pytest

from attnprof.backends import Burst, Memory, Sample
from benchmarks import _watched
from benchmarks._watched import Note, times, watch


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(_watched, "monotonic", lambda: now[0])
    return now


def test_a_worker_that_took_no_sample_says_so(tmp_path, clock):
    Note(tmp_path)
    (found,) = times(tmp_path)
    assert (found.begun, found.first, found.last, found.inside) == (100.0, 0.0, 0.0, 0.0)


def test_samples_add_up_and_the_time_between_them_does_not(tmp_path, clock):
    note = Note(tmp_path)
    for now, seconds in ((103.0, 1.0), (110.0, 4.0)):
        clock[0] = now
        note.add(seconds)
    (found,) = times(tmp_path)
    assert (found.first, found.last, found.inside) == (102.0, 110.0, 5.0)


def test_a_backend_that_is_watched_gives_what_it_gave(tmp_path, clock):
    burst = Burst(1.0, 2.0)

    def replay():
        clock[0] += 3.0
        return burst

    def sample(call, calls):
        clock[0] += calls
        return Sample(float(calls))

    def weigh(call):
        clock[0] += 0.5
        return Memory(7)

    backend = SimpleNamespace(
        sample=sample, kernels=lambda call, calls: SimpleNamespace(sample=replay), weigh=weigh
    )
    watch(backend, Note(tmp_path))
    assert backend.sample(None, 2) == Sample(2.0)
    assert backend.kernels(None, 1).sample() == burst
    assert backend.weigh(None) == Memory(7)
    assert times(tmp_path)[0].inside == 5.5


def test_a_device_without_a_clock_of_its_own_stays_so(tmp_path):
    backend = SimpleNamespace(sample=None, kernels=lambda call, calls: None, weigh=None)
    watch(backend, Note(tmp_path))
    assert backend.kernels(None, 1) is None
