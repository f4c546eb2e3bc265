"""What is said of a GPU: all that NVML tells, a blank with its reason for what it does not, commands for a person."""

import os

import pytest

from attnprof.backends import BACKENDS
from attnprof.backends._nvml import nvml_of, others_than
from attnprof.doctor import FINE, NOTE
from attnprof.doctor.gpu import SUBJECTS, gpu, processes, sustained_clock, variables
from attnprof.records.environment import software
from attnprof.views.document import Look
from attnprof.views.examination import document, paragraph
from tests.simulated_cuda import simulated

ENVIRONMENT = {
    "device_uuid": "51500000-0000",
    "driver_version": "580.1",
    "cuda_version": "13.0",
    "tf32": False,
}


@pytest.fixture
def cuda():
    with simulated() as simulation:
        yield simulation


def named(**more):
    return {finding.name: finding for finding in gpu({**ENVIRONMENT, **more})}


def test_a_device_that_tells_everything_has_a_line_for_each_subject(cuda):
    cuda.nvml.pids = [os.getpid()]
    findings = named()
    assert {name: finding.says for name, finding in findings.items()} == {
        "driver": "580.1, CUDA 13.0, tf32 off",
        "variables": "none is set that changes figures",
        "GPU clocks": "SM clock 1500 of 1980 MHz, memory clock 1500 of 1980 MHz, application clock 1980 MHz",
        "slowdown": "none",
        "heat": "45 °C, slows itself at 87 °C",
        "power": "draws 300 W, limit 700 W, default limit 700 W",
        "persistent": "the driver stays loaded",
        "ECC": "on, 0 errors corrected, 0 uncorrected since the driver was loaded",
        "modes": "compute mode default, MIG off",
        "processes": "nobody else computes on it",
    }
    assert [name for name, finding in findings.items() if finding.level != FINE] == ["GPU clocks"]
    assert findings["GPU clocks"].commands == (
        "sudo nvidia-smi -i 0 -lgc 1485,1485",
        "sudo nvidia-smi -i 0 -rgc",
    )


def test_a_device_that_tells_nothing_has_blanks_with_the_librarys_words(cuda):
    cuda.nvml.refusal = "Not Supported"
    library = nvml_of(ENVIRONMENT["device_uuid"])
    findings = [subject(library) for subject in SUBJECTS]
    assert {finding.level for finding in findings} == {FINE}
    assert all("not told" in finding.says and "(Not Supported)" in finding.says for finding in findings)


def test_a_library_that_is_too_old_for_a_question_is_said_to_be(cuda):
    import pynvml

    del pynvml.nvmlDeviceGetMigMode
    assert named()["modes"].says == "compute mode default; not told: MIG (not in this nvidia-ml-py)"


def test_without_nvml_the_state_is_one_blank(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    assert list(named()) == ["driver", "variables", "state"]


@pytest.mark.parametrize(
    ("answers", "mhz"),
    [
        ({}, 1485),  # three quarters of the highest
        ({"GetDefaultApplicationsClock": 1500}, 1485),  # its own, where that is below the highest
        ({"GetDefaultApplicationsClock": 1470}, 1470),
        ({"GetDefaultApplicationsClock": "Not Supported"}, 1485),
        ({"GetSupportedGraphicsClocks": [2100]}, 2100),  # there is one alone
        ({"GetSupportedGraphicsClocks": []}, None),
        ({"GetSupportedMemoryClocks": "Not Supported"}, None),
    ],
)
def test_the_clock_to_lock_is_one_that_the_device_has_and_holds(cuda, answers, mhz):
    cuda.nvml.answers.update(answers)
    assert sustained_clock(nvml_of(ENVIRONMENT["device_uuid"])) == mhz
    assert bool(named()["GPU clocks"].commands) == (mhz is not None)


def test_a_command_names_the_device_by_its_uuid_where_nvml_has_no_number_for_it(cuda):
    cuda.nvml.answers.update(GetIndex="Not Supported", GetUUID="GPU-1")
    cuda.nvml.answers["GetPersistenceMode"] = 0
    import pynvml

    pynvml.nvmlDeviceGetUUID = lambda handle: "GPU-1"
    assert named()["persistent"].commands == ("sudo nvidia-smi -i GPU-1 -pm 1",)


@pytest.mark.parametrize(
    ("name", "state", "says"),
    [
        ("slowdown", {"reasons": 0x1}, None),
        ("slowdown", {"reasons": 0x44}, "power limit, heat, by the hardware"),
        ("slowdown", {"reasons": 0x4}, "power limit"),
        ("heat", {"celsius": 84}, "84 °C, slows itself at 87 °C"),
        ("power", {"GetEnforcedPowerLimit": 400_000}, "draws 300 W, limit 400 W, default limit 700 W"),
        ("persistent", {"GetPersistenceMode": 0}, "the driver leaves with the last program"),
        (
            "ECC",
            {"GetTotalEccErrors": 2},
            "on, 2 errors corrected, 2 uncorrected since the driver was loaded",
        ),
        ("ECC", {"GetEccMode": [0, 0]}, None),
        ("modes", {"GetComputeMode": 3, "GetMigMode": [1, 1]}, None),
    ],
)
def test_what_could_be_better_is_a_note_with_advice(cuda, name, state, says):
    for key, value in state.items():
        if key in cuda.nvml.answers:
            cuda.nvml.answers[key] = value
        else:
            setattr(cuda.nvml, key, value)
    finding = named()[name]
    assert (finding.level, bool(finding.advice)) == ((NOTE, True) if says else (FINE, False))
    assert says in (None, finding.says)


def test_others_are_named_with_what_they_hold(cuda, tmp_path):
    cuda.nvml.pids = [os.getpid(), 41, 42, 43]
    cuda.nvml.names = {41: "/usr/bin/python3"}
    (tmp_path / "43").mkdir()
    (tmp_path / "43/status").write_text(f"Name:\tworker\nPPid:\t{os.getpid()}\n")
    finding = processes(nvml_of(ENVIRONMENT["device_uuid"]), tmp_path)
    assert finding.says == "2 others: python3 (pid 41, 1.00 GiB), pid 42 (1.00 GiB)"


def test_in_a_container_one_of_the_processes_is_ours(cuda, tmp_path):
    cuda.nvml.pids = [41]
    library = nvml_of(ENVIRONMENT["device_uuid"])
    assert processes(library, tmp_path).level == FINE
    cuda.nvml.pids = [41, 42]
    assert "1 other: " in processes(library, tmp_path).says
    assert "one of these is attnprof itself" in processes(library, tmp_path).says
    assert [others_than({1}, pids) for pids in ((), (1,), (1, 2), (2,), (2, 3))] == [0, 0, 1, 0, 1]


def test_an_instance_says_that_its_state_is_the_whole_devices(cuda):
    cuda.nvml.instance_of["MIG-7"] = cuda.nvml.uuids[0]
    assert "this is one instance" in named(device_uuid="MIG-7")["modes"].says


def test_variables_say_what_they_change():
    environment = {
        "cuda_variables": {"CUBLAS_WORKSPACE_CONFIG": ":16:8"},
        "cuda_visible": {"CUDA_VISIBLE_DEVICES": "1"},
    }
    finding = variables(environment)
    says = "CUBLAS_WORKSPACE_CONFIG=:16:8 (cuBLAS's algorithms, and memory), CUDA_VISIBLE_DEVICES=1"
    assert (finding.level, finding.says) == (NOTE, says)
    assert variables({"cuda_visible": {"CUDA_VISIBLE_DEVICES": "1"}}).level == FINE


def test_rocm_is_said_to_be_unverified(cuda):
    assert named(rocm_version="6.4")["ROCm"].says == "ROCm 6.4: nobody has verified attnprof on it"
    assert "ROCm" not in named()


def test_a_command_stands_whole_on_a_line_of_its_own(cuda):
    lines = paragraph(named()["GPU clocks"], Look(width=80)).splitlines()
    assert [line.strip() for line in lines[-2:]] == list(named()["GPU clocks"].commands)
    assert max(map(len, lines)) <= 80


def test_a_table_has_the_commands_in_the_advice(cuda):
    [row] = document(software(), [named()["GPU clocks"]]).rows
    assert row[-1].value.endswith(
        "afterwards: sudo nvidia-smi -i 0 -lgc 1485,1485; sudo nvidia-smi -i 0 -rgc"
    )


@pytest.mark.gpu
def test_a_real_gpu_has_a_line_for_each_subject():
    backend = BACKENDS.get("cuda")
    if reason := backend.unavailable():
        pytest.skip(reason)
    backend.device(0)
    findings = list(gpu({**backend.describe(0), "device": "cuda:0"}))
    assert all(finding.says for finding in findings)
    assert len(findings) in (3, 2 + len(SUBJECTS))  # without NVML, and with it
