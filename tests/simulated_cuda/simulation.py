"""The simulated devices, put in the place of torch.cuda for a while."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import torch
from torch._C._autograd import DeviceType

from tests.simulated_cuda import compiler, surface
from tests.simulated_cuda.device import Device, Host
from tests.simulated_cuda.nvml import Nvml
from tests.simulated_cuda.settings import Settings
from tests.simulated_cuda.tensors import Functions, Operators, Tensors

MISSING = object()


class Simulation:
    """Some devices, and the host that they share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.host = Host()
        self.devices = [Device(index, settings, self.host) for index in range(settings.devices)]
        self.uuids = [f"5150{index:04}-0000" for index in range(settings.devices)]
        self.current = 0
        self.tensors = Tensors(self.devices)
        self.nvml = Nvml(self.devices, self.uuids)

    @property
    def device(self) -> Device:
        """The current one."""
        return self.devices[self.current]

    def replacements(self) -> list[tuple[Any, str, Any]]:
        """(where, name, what) of all that stands for something of torch's, or of the backend's."""
        return [
            *((torch.cuda, name, value) for name, value in surface.names(self).items()),
            (torch.cuda.graph, "default_capture_stream", None),
            (torch._C, "_host_emptyCache", lambda: None),
            (torch.version, "cuda", "13.0"),
            (torch, "compile", compiler.compile),
            (torch, "Generator", _generator_class()),
            (torch, "autocast", _autocast_class()),
            *self._of_backend(),
        ]

    def _of_backend(self) -> list[tuple[Any, str, Any]]:
        from attnprof.backends import _profiler, _spin, cuda

        return [
            (cuda, "perf_counter", self.host.read),
            (_spin, "perf_counter", self.host.read),
            (cuda, "waited_here", lambda: self.host.waited),
            (_profiler, "profile", lambda **options: Profile(self)),
        ]

    @contextmanager
    def installed(self) -> Iterator["Simulation"]:
        """torch.cuda is this simulation."""
        with ExitStack() as stack:
            for where, name, value in self.replacements():
                stack.callback(_restore, where, name, vars(where).get(name, MISSING))
                setattr(where, name, value)
            stack.callback(_restore_library, sys.modules.get("pynvml"))
            sys.modules["pynvml"] = self.nvml.module()
            stack.enter_context(Functions(self.tensors))
            stack.enter_context(Operators(self.tensors))
            yield self


@contextmanager
def simulated(settings: Settings | None = None) -> Iterator[Simulation]:
    """torch.cuda is a simulation with ``settings``."""
    with Simulation(settings or Settings()).installed() as simulation:
        yield simulation


def _restore(where: Any, name: str, value: Any) -> None:
    if value is not MISSING:
        setattr(where, name, value)
        return
    with suppress(AttributeError):
        delattr(where, name)


def _restore_library(library: Any) -> None:
    if library is None:
        del sys.modules["pynvml"]
    else:
        sys.modules["pynvml"] = library


def _generator_class() -> type:
    class Generator(torch.Generator):
        """A generator of the CPU, whatever device it is for."""

        def __new__(cls, device="cpu"):
            return super().__new__(cls, "cpu" if torch.device(device).type == "cuda" else device)

    return Generator


def _autocast_class() -> type:
    class Autocast(torch.autocast):
        """The CPU's autocast, for both kinds of device."""

        def __init__(self, device_type, *args, **kwargs):
            super().__init__("cpu" if device_type == "cuda" else device_type, *args, **kwargs)

    return Autocast


class Profile:
    """torch.autograd.profiler.profile, of the device's events alone."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._first = 0

    def __enter__(self):
        self._first = len(self._simulation.device.kernels)
        return self

    def __exit__(self, *problem):
        device = self._simulation.device
        seen = device.kernels[self._first :] if self._simulation.settings.cupti else []
        events = [
            SimpleNamespace(
                name=lambda kernel=kernel: kernel.name,
                device_type=lambda: DeviceType.CUDA,
                start_ns=lambda kernel=kernel: round(1e9 * kernel.begin),
                duration_ns=lambda kernel=kernel: round(1e9 * kernel.seconds),
            )
            for kernel in seen
        ]
        self.kineto_results = SimpleNamespace(events=lambda: events)
