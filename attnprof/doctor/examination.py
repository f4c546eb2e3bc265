"""The whole examination, in order: the device, the machine, what is installed, and the self-tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

from attnprof.backends._nvml import nvml_of
from attnprof.doctor import FINE, NOTE, STOP, Finding, machine
from attnprof.doctor.packages import compiler, packages
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
        found = worker.environment
    except EnvironmentProblem as problem:
        yield Finding("device", STOP, str(problem), "nothing can be measured until it can be used")
        found = {}
    yield from device(found)
    yield from machine.survey(cores(), folder)
    yield from packages(gpu=is_gpu(found))
    yield compiler()
    if found:
        yield from self_tests(worker, start, found)


def is_gpu(found: Environment) -> bool:
    """Whether the device is one of NVIDIA's."""
    return str(found.get("device", "")).startswith("cuda")


def device(found: Environment, nvidia: Path = Path("/proc/driver/nvidia/version")) -> Iterator[Finding]:
    """What the worker found of its device. nvidia: the file that is there where NVIDIA's driver is."""
    if not found:
        return
    told = f", {found['cores']} cores" if "cores" in found else ""
    cache = f", last cache {show_bytes(found['cache_bytes'])}" if found.get("cache_bytes") else ""
    says = (
        f"{found['device']}: {found['device_name']}{told}, {show_bytes(found['device_memory_bytes'])}{cache}"
    )
    yield Finding("device", FINE, says)
    if is_gpu(found):
        yield from _gpu(found)
    elif nvidia.exists():
        advice = "a build of torch for its CUDA version measures it: https://pytorch.org/get-started"
        yield Finding(
            "device",
            NOTE,
            f"there is an NVIDIA driver, and torch {found['torch_version']} uses the CPU",
            advice,
        )


def _gpu(found: Environment) -> Iterator[Finding]:
    versions = {"driver": "driver_version", "CUDA": "cuda_version", "cuDNN": "cudnn_version"}
    says = ", ".join(f"{name} {found[key]}" for name, key in versions.items() if found.get(key))
    yield Finding("driver", FINE, f"{says}; tf32 {'on' if found.get('tf32') else 'off'}")
    library = nvml_of(str(found.get("device_uuid", "")))
    now = library.condition() if library else None
    if now is None:
        return
    says = f"{now.clock / 1e6:.0f} MHz" + ("" if now.celsius is None else f", {now.celsius:.0f} °C")
    if now.throttled:
        yield Finding(
            "clocks", NOTE, f"{says}: the device slows itself", "let it cool down, or see to its supply"
        )
    else:
        yield Finding("clocks", FINE, says)
