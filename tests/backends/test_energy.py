"""Energy per call: the interval holds what a scripted device uses, and calls go on until it is narrow."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attnprof.backends._energy import (
    MOST_SECONDS,
    POLL_SECONDS,
    RESOLUTION,
    TOO_SLOW,
    TURN_SECONDS,
    CounterAtRest,
    measure_energy,
    poll,
)
from attnprof.backends._nvml import INSTANCE, NO_NVML, nvml_of, obstacle_to_energy
from tests.simulated_cuda import Settings, simulated

READING = 200e-6  # seconds that a reading of the counter takes


class Script:
    """A device that uses ``rest`` watts, and ``busy`` ones while it computes; its counter is updated every ``step``
    seconds, the first time after ``phase``."""

    def __init__(self, step, rest=80.0, busy=600.0, each=1e-4, phase=0.0):
        self.step, self.rest, self.busy, self.each = step, rest, busy, each
        self.now, self.phase = 1.0, phase
        self.spans = []  # (begin, end) of computing

    def clock(self):
        self.now += 1e-7
        return self.now

    def issue(self, calls):
        end = self.now + calls * self.each
        self.spans.append((self.now, end))
        self.now = end

    def joules(self):
        self.now += READING
        until = (self.now - self.phase) // self.step * self.step + self.phase
        computed = sum(min(end, until) - begin for begin, end in self.spans if begin < until)
        return self.rest * until + (self.busy - self.rest) * computed

    def measure(self):
        return measure_energy(poll(self.joules, self.clock), self.joules, self.issue, self.clock)


scripts = st.builds(
    Script,
    step=st.floats(0.005, 0.15),
    rest=st.floats(5.0, 150.0),
    busy=st.floats(150.0, 700.0),
    each=st.floats(1e-5, 0.5),
    phase=st.floats(0.0, 0.1),
)


@given(scripts)
def test_the_interval_holds_the_power_times_the_time_of_a_call(script):
    energy = script.measure()
    low, high = energy.interval
    between = 2 * READING / energy.seconds * energy.per_call  # the device rests while the counter is read
    assert low - between <= script.busy * script.each <= high + between
    assert energy.rest_watts == pytest.approx(script.rest, rel=0.02)


@given(scripts)
def test_calls_go_on_until_the_resolution_is_small_or_the_time_is_over(script):
    energy = script.measure()
    assert energy.step >= script.step
    assert energy.step <= RESOLUTION * energy.seconds or energy.seconds >= MOST_SECONDS
    one_turn = 1.01 * max(2 * TURN_SECONDS, script.each) + 2 * READING
    assert energy.seconds <= min(energy.step / RESOLUTION, MOST_SECONDS) + one_turn
    assert energy.calls == pytest.approx(energy.seconds / script.each, rel=0.01)


@given(st.floats(0.001, 0.3), st.floats(0.0, 0.1))
def test_how_often_a_counter_is_updated_is_polled(step, phase):
    script = Script(step, phase=phase)
    counter = poll(script.joules, script.clock)
    assert step <= counter.step <= step + 3 * READING


def test_what_is_left_of_a_load_is_no_power_at_rest():
    script = Script(0.02)
    script.spans = [(1.0, 1.3)]  # power that falls while the counter is polled
    assert poll(script.joules, script.clock).watts == pytest.approx(script.rest, rel=0.02)


def test_a_counter_that_stands_still_is_not_waited_for():
    script = Script(step=1000.0)
    assert poll(script.joules, script.clock) is None
    assert script.now < 1.0 + POLL_SECONDS + 1e-3


def test_a_counter_that_is_updated_too_seldom_gives_no_figure():
    script = Script(step=10.0)
    energy = measure_energy(CounterAtRest(10.0, 80.0), script.joules, script.issue, script.clock)
    assert energy.note == TOO_SLOW


@pytest.fixture
def make():
    contexts = []

    def begin(**settings):
        from attnprof.backends.cuda import CUDA

        context = simulated(Settings(**{"launch": 1e-3, "kernel": 5e-4, **settings}))
        contexts.append(context)
        simulation, backend = context.__enter__(), CUDA()
        backend.device(0)
        return simulation, backend

    yield begin
    for context in reversed(contexts):
        context.__exit__(None, None, None)


def test_a_gpus_energy_is_that_of_its_board_while_calls_run(make, monkeypatch):
    _, backend = make(rest_watts=100.0, watts=500.0, energy_step=0.02)
    x = torch.ones(8, device="cuda:0")
    energy = backend.energy(lambda: x.mul(2))
    low, high = energy.interval
    assert low < 100.0 * energy.seconds / energy.calls + 400.0 * 5e-4 < high
    assert energy.rest_watts == pytest.approx(100.0, rel=0.02)
    monkeypatch.setattr("attnprof.backends.cuda.poll", None)  # it polls no more
    assert backend.energy(lambda: x.mul(2)).step == energy.step


def test_a_gpu_whose_counter_stands_still_has_a_reason(make):
    _, backend = make(energy_step=1e6)
    assert "did not move" in backend.energy(lambda: None).note


def test_what_keeps_a_counter_from_telling_is_said(make):
    simulation, backend = make()
    uuid = simulation.uuids[0]
    assert obstacle_to_energy(nvml_of(uuid)) == ""
    assert obstacle_to_energy(None) == NO_NVML
    simulation.nvml.instance_of["MIG-7"] = f"GPU-{uuid}"
    assert obstacle_to_energy(nvml_of("MIG-7")) == INSTANCE
    simulation.nvml.pids = [41, 42]
    assert obstacle_to_energy(nvml_of(uuid)).startswith("1 other process is on the GPU")
    assert backend.energy(lambda: None).note == obstacle_to_energy(nvml_of(uuid))
    simulation.nvml.refusal = "Not Supported"
    assert "(NVML: Not Supported)" in obstacle_to_energy(nvml_of(uuid))
