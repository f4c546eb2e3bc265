"""NVML of the simulated devices: what ``import pynvml`` gives."""

from types import ModuleType, SimpleNamespace
from typing import Any

from tests.simulated_cuda.device import Device

READING = 20e-6  # seconds of the host that a question takes


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
        self.names: dict[int, str] = {}  # pid -> name of the program
        self.refusal = ""  # why it answers no question about a device; empty: it answers
        # Function -> what it answers, whatever it is asked about; a text: the reason for which it does not.
        self.answers: dict[str, object] = {
            "GetMaxClockInfo": 1980,
            "GetApplicationsClock": 1980,
            "GetDefaultApplicationsClock": 1980,
            "GetSupportedMemoryClocks": [2619, 1593],
            "GetSupportedGraphicsClocks": [1980, 1695, 1485, 1470, 345],
            "GetTemperatureThreshold": 87,
            "GetEnforcedPowerLimit": 700_000,
            "GetPowerManagementDefaultLimit": 700_000,
            "GetPersistenceMode": 1,
            "GetEccMode": [1, 1],
            "GetTotalEccErrors": 0,
            "GetComputeMode": 0,
            "GetMigMode": [0, 0],
            "GetIndex": 0,
        }

    def module(self) -> ModuleType:
        """The library, as its users import it."""
        library = ModuleType("pynvml")
        names: dict[str, Any] = {
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
                SimpleNamespace(pid=pid, usedGpuMemory=2**30) for pid in self.pids
            ],
            "nvmlDeviceGetUtilizationRates": self._rates,
            "nvmlDeviceGetTotalEnergyConsumption": self._energy,
            "nvmlSystemGetDriverVersion": lambda: "580.1",
            "nvmlSystemGetProcessName": self._name,
        }
        names |= {f"nvmlDevice{name}": self._answering(name) for name in self.answers}
        questions = {name for name in names if name.startswith("nvmlDeviceGet") and "Handle" not in name}
        names |= {name: self._refusable(names[name]) for name in questions}
        vars(library).update(names)
        return library

    def _refusable(self, function):
        def answer(*arguments):
            if self.refusal:
                raise NVMLError(self.refusal)
            return function(*arguments)

        return answer

    def _answering(self, function):
        def answer(handle, *arguments):
            if isinstance(self.answers[function], str):
                raise NVMLError(self.answers[function])
            return self.answers[function]

        return answer

    def _name(self, pid):
        if pid not in self.names:
            raise NVMLError("Not Found")
        return self.names[pid]

    def _energy(self, handle):
        handle.host.now += READING
        if handle.settings.energy_step is None:
            raise NVMLError("Not Supported")
        return round(1e3 * handle.counted_joules())

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
