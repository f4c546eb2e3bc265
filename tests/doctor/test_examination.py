"""The examination in order, and what is said of a device."""

from attnprof.doctor import FINE, NOTE, STOP
from attnprof.doctor.examination import device, examine, is_gpu
from attnprof.errors import EnvironmentProblem
from tests.doctor.scripted import ENVIRONMENT, Scripted

CUDA = {
    **ENVIRONMENT,
    "device": "cuda:0",
    "device_name": "GPU",
    "driver_version": "580.1",
    "cuda_version": "13.0",
    "tf32": False,
}


class Unusable(Scripted):
    @property
    def environment(self):
        raise EnvironmentProblem("no CUDA device: torch 2.13.0+cpu is a CPU build")

    @environment.setter
    def environment(self, found):
        pass


def test_all_is_looked_at_and_the_self_tests_come_last(tmp_path):
    names = [each.name for each in examine(Scripted, tmp_path)]
    assert names[0] == "device"
    assert names[-2:] == ["noise", "counter"]
    assert {"timer", "reports", "compiler"} <= set(names)


def test_a_device_that_cannot_be_used_is_the_end_and_the_machine_is_looked_at_all_the_same(tmp_path):
    found = list(examine(Unusable, tmp_path))
    assert (found[0].level, found[0].says) == (STOP, "no CUDA device: torch 2.13.0+cpu is a CPU build")
    assert "timer" in {each.name for each in found}
    assert "noise" not in {each.name for each in found}


def test_a_processor_is_said_in_one_line(tmp_path):
    [found] = device(ENVIRONMENT, tmp_path / "none")
    assert (found.level, found.says) == (FINE, "cpu: Test Processor, 2 cores, 16.0 GiB, last cache 32.0 MiB")


def test_a_gpu_that_torch_does_not_use_is_noted(tmp_path):
    (tmp_path / "version").write_text("NVRM version")
    assert [each.level for each in device(ENVIRONMENT, tmp_path / "version")] == [FINE, NOTE]


def test_a_gpu_says_its_driver():
    found = list(device(CUDA))
    assert found[1].says == "580.1, CUDA 13.0, tf32 off"
    assert is_gpu(CUDA)
