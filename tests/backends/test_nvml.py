"""What NVML tells is read right, and what it does not tell is not made up. The library is a script."""

import os

import pytest

from attnprof.backends import Condition
from attnprof.backends._nvml import Nvml, nvml_of


class Refused(Exception):
    pass


class Library:
    """NVML as far as it is used; a figure that is None cannot be had."""

    NVMLError = Refused
    NVML_CLOCK_SM, NVML_TEMPERATURE_GPU = 1, 0

    def __init__(self, clock=1980, reasons=0, celsius=45, milliwatts=300_000, pids=(), busy=0):
        self.figures = {
            "clock": clock,
            "reasons": reasons,
            "celsius": celsius,
            "milliwatts": milliwatts,
            "busy": busy,
        }
        self.pids = pids
        self.asked = []

    def nvmlInit(self):
        pass

    def nvmlDeviceGetHandleByUUID(self, uuid):
        self.asked.append(uuid)
        return 7

    def _tell(self, name):
        if self.figures[name] is None:
            raise Refused(name)
        return self.figures[name]

    def nvmlDeviceGetClockInfo(self, handle, kind):
        return self._tell("clock")

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle):
        return self._tell("reasons")

    def nvmlDeviceGetTemperature(self, handle, sensor):
        return self._tell("celsius")

    def nvmlDeviceGetPowerUsage(self, handle):
        return self._tell("milliwatts")

    def nvmlDeviceGetComputeRunningProcesses(self, handle):
        return [type("Process", (), {"pid": pid}) for pid in self.pids]

    def nvmlDeviceGetUtilizationRates(self, handle):
        return type("Rates", (), {"gpu": self._tell("busy")})

    def nvmlSystemGetDriverVersion(self):
        return "580.1"


def condition(**figures):
    return Nvml(Library(**figures), "abc").condition()


def test_a_condition_is_in_base_units():
    assert condition() == Condition(1.98e9, False, False, 45.0, 300.0)


@pytest.mark.parametrize(
    ("reasons", "throttled", "capped"),
    [(0x0, False, False), (0x1, False, False), (0x4, False, True), (0x8, True, False), (0x20, True, False)]
    + [(0x40, True, False), (0x80, True, False), (0x44, True, True), (0x2, False, False)],
)
def test_idling_and_set_clocks_are_no_throttling(reasons, throttled, capped):
    found = condition(reasons=reasons)
    assert (found.throttled, found.capped) == (throttled, capped)


def test_a_figure_that_cannot_be_had_is_missing():
    assert condition(celsius=None, milliwatts=None, reasons=None) == Condition(1.98e9)
    assert condition(clock=None) is None


@pytest.mark.parametrize("uuid", ["abc", "GPU-abc"])
def test_the_device_is_found_by_its_uuid_because_its_number_may_be_another(uuid):
    library = Library()
    Nvml(library, uuid)
    assert library.asked == ["GPU-abc"]


OURS, CONTAINED = os.getpid(), 999_999_999


@pytest.mark.parametrize(
    ("pids", "busy", "count"),
    [
        ((), 90, 0),
        ((OURS,), 90, 0),
        ((OURS, 5), 90, 1),
        ((OURS, 5), 3, 0),
        ((OURS, 5, 6), 90, 2),
        ((CONTAINED,), 90, 0),
        ((CONTAINED, 5), 90, 1),
    ],
)
def test_others_are_those_who_compute_and_are_not_this_process(pids, busy, count):
    said = Nvml(Library(pids=pids, busy=busy), "abc").others()
    assert (said is None) is (count == 0)
    if count:
        assert said.startswith(f"{count} other process")
        assert "--allow-busy" in said


def test_a_library_that_does_not_tell_of_others_stands_in_nobodys_way():
    assert Nvml(Library(pids=(1, 2), busy=None), "abc").others() is None


def test_without_the_library_nothing_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    assert nvml_of("abc") is None
