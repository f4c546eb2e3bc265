"""NVML of the simulated devices: what ``import pynvml`` gives."""

from types import ModuleType, SimpleNamespace

from tests.simulated_cuda.device import Device


class NVMLError(Exception):
    """What the library raises."""


class Nvml:
    """The library's state, for a test to set."""

    def __init__(self, devices: list[Device], uuids: list[str]) -> None:
        self._devices, self.uuids = devices, [f"GPU-{uuid}" for uuid in uuids]
        self.reasons = 0x8 if devices[0].settings.throttled else 0
        self.celsius, self.milliwatts = 45, 300_000
        self.pids: list[int] = []
        self.busy: int | None = 0  # per cent; None: it does not tell
        self.instance_of: dict[str, str] = {}  # UUID of an instance -> that of its device

    def module(self) -> ModuleType:
        """The library, as its users import it."""
        library = ModuleType("pynvml")
        names = {
            "NVMLError": NVMLError,
            "NVML_CLOCK_SM": 1,
            "NVML_TEMPERATURE_GPU": 0,
            "nvmlInit": lambda: None,
            "nvmlDeviceGetHandleByUUID": self._handle,
            "nvmlDeviceGetDeviceHandleFromMigDeviceHandle": self._device_of,
            "nvmlDeviceGetClockInfo": lambda handle, kind: round(handle.clock / 1e6),
            "nvmlDeviceGetCurrentClocksThrottleReasons": lambda handle: self.reasons,
            "nvmlDeviceGetTemperature": lambda handle, sensor: self.celsius,
            "nvmlDeviceGetPowerUsage": lambda handle: self.milliwatts,
            "nvmlDeviceGetComputeRunningProcesses": lambda handle: [
                SimpleNamespace(pid=pid) for pid in self.pids
            ],
            "nvmlDeviceGetUtilizationRates": self._rates,
            "nvmlSystemGetDriverVersion": lambda: "580.1",
        }
        vars(library).update(names)
        return library

    def _handle(self, uuid):
        name = uuid if isinstance(uuid, str) else uuid.decode()
        if name in self.instance_of:
            return name
        if name not in self.uuids:
            raise NVMLError(f"no device {name}")
        return self._devices[self.uuids.index(name)]

    def _device_of(self, handle):
        if handle not in self.instance_of:
            raise NVMLError("no instance")
        return self._handle(self.instance_of[handle])

    def _rates(self, handle):
        if self.busy is None:
            raise NVMLError("not supported")
        return SimpleNamespace(gpu=self.busy)
