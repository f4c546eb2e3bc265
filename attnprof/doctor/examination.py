"""The whole examination, in order: device, machine, what is installed, engines, and the self-tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

from attnprof.doctor import FINE, NOTE, STOP, Finding, machine
from attnprof.doctor.gpu import gpu
from attnprof.doctor.packages import compiler, packages
from attnprof.doctor.runtimes import engines_of_registry, runtimes
from attnprof.doctor.selftests import self_tests
from attnprof.errors import EnvironmentProblem
from attnprof.records.environment import Environment, cores
from attnprof.running.client import Worker
from attnprof.units import show_bytes

Start = Callable[[], Worker]


def examine(start: Start, folder: Path = Path("reports")) -> Iterator[Finding]:
    """Findings, each as soon as it is made. start: a fresh worker on the device in question."""
    worker = start()
    try:
        environment = worker.environment
    except EnvironmentProblem as problem:
        yield Finding("device", STOP, str(problem), "nothing can be measured until it can be used")
        environment = {}
    yield from device(environment)
    yield from machine.survey(cores(), folder)
    yield from packages(gpu=is_gpu(environment) and not environment.get("rocm_version"))
    yield compiler()
    yield from runtimes(start, environment, engines_of_registry())
    if environment:
        yield from self_tests(worker, start, environment)


def is_gpu(environment: Environment) -> bool:
    """Whether the device is one of CUDA's, or of ROCm's."""
    return str(environment.get("device", "")).startswith("cuda")


def device(environment: Environment, nvidia: Path = Path("/proc/driver/nvidia/version")) -> Iterator[Finding]:
    """The device of the worker. nvidia: a file that exists where NVIDIA's driver is installed."""
    if not environment:
        return
    cores_text = f", {environment['cores']} cores" if "cores" in environment else ""
    cache = f", last cache {show_bytes(environment['cache_bytes'])}" if environment.get("cache_bytes") else ""
    memory = show_bytes(environment["device_memory_bytes"])
    says = f"{environment['device']}: {environment['device_name']}{cores_text}, {memory}{cache}"
    yield Finding("device", FINE, says)
    if is_gpu(environment):
        yield from gpu(environment)
    elif nvidia.exists():
        advice = "a build of torch for its CUDA version measures it: https://pytorch.org/get-started"
        yield Finding(
            "device",
            NOTE,
            f"there is an NVIDIA driver, and torch {environment['torch_version']} uses the CPU",
            advice,
        )
