"""NVIDIA's management library: clock, reasons to slow down, heat, power, other processes of a device."""

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from attnprof.backends import Condition

# Bits of the "clocks event reasons", from NVML's API reference.
POWER_CAP = 0x4
SLOWDOWNS = 0x8 | 0x20 | 0x40 | 0x80  # hardware slowdown, thermal by software and by hardware, power brake
BUSY = 10  # per cent of the last sampling period in which some kernel ran: a desktop stays below
# What its functions are asked for, from the same reference.
SM, MEMORY = 1, 2  # of clocks
SLOWDOWN = 1  # of temperatures: from which on the hardware slows itself
CORRECTED, UNCORRECTED = 0, 1  # of errors of memory
SINCE_LOADED = 0  # of counts of these: since the driver was loaded
KINDS = ("GPU", "MIG")  # of a UUID: of a whole device, or of an instance of one
ADVICE = "wait, or --allow-busy"
NO_NVML = "NVML does not know this device: it takes an NVIDIA GPU, and pip install nvidia-ml-py"
INSTANCE = "a MIG instance has no counter of energy of its own: the whole GPU's holds what others use"


class Untold(Exception):
    """NVML does not tell something; the words say why."""


@dataclass(frozen=True)
class Computing:
    """A process that holds memory of a device."""

    pid: int
    memory: int | None  # bytes; None where that is not told
    name: str  # empty where that is not told


def others_than(own: Collection[int], pids: Collection[int]) -> int:
    """How many of ``pids`` are others' processes. In a container our own is listed under a number that it
    does not know."""
    foreign = set(pids) - set(own)
    return len(foreign) - (bool(pids) and len(foreign) == len(set(pids)))


class Nvml:
    """One device, or one instance of a device, by its UUID. Raises an error of the library where that does
    not know it."""

    def __init__(self, library: Any, uuid: str) -> None:
        self._library = library
        library.nvmlInit()
        self._users = self._handle_of(uuid)  # whose processes are its users
        self._gpu = self._users  # whose clock, heat and power are told
        with suppress(library.NVMLError, AttributeError):
            self._gpu = library.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self._users)

    def _handle_of(self, uuid: str) -> Any:
        library = self._library
        names = [uuid] if uuid.startswith(KINDS) else [f"{kind}-{uuid}" for kind in KINDS]
        for name in names[:-1]:
            with suppress(library.NVMLError):
                return library.nvmlDeviceGetHandleByUUID(name)
        return library.nvmlDeviceGetHandleByUUID(names[-1])

    def condition(self) -> Condition | None:
        """The state the device is in now; None where the library does not tell its clock."""
        library, handle = self._library, self._gpu
        try:
            clock = 1e6 * library.nvmlDeviceGetClockInfo(handle, library.NVML_CLOCK_SM)
        except library.NVMLError:
            return None
        reasons, celsius, watts = 0, None, None
        with suppress(library.NVMLError):
            reasons = library.nvmlDeviceGetCurrentClocksThrottleReasons(handle)
        with suppress(library.NVMLError):
            celsius = float(library.nvmlDeviceGetTemperature(handle, library.NVML_TEMPERATURE_GPU))
        with suppress(library.NVMLError):
            watts = library.nvmlDeviceGetPowerUsage(handle) / 1e3
        return Condition(clock, bool(reasons & SLOWDOWNS), bool(reasons & POWER_CAP), celsius, watts)

    def others(self) -> str | None:
        """Who else computes here, in words. Asked while this process leaves the device idle. An instance does
        not tell how busy it is: whoever uses it counts."""
        library = self._library
        try:
            pids = {process.pid for process in library.nvmlDeviceGetComputeRunningProcesses(self._users)}
            busy = library.nvmlDeviceGetUtilizationRates(self._users).gpu if not self.is_instance else None
        except library.NVMLError:
            return None
        count = others_than({os.getpid()}, pids)
        if count < 1 or (busy is not None and busy < BUSY):
            return None
        processes = "process" if count == 1 else "processes"
        if busy is None:
            return f"{count} other {processes} use this instance; {ADVICE}"
        return f"{count} other {processes} compute on it ({busy} % busy); {ADVICE}"

    @property
    def is_instance(self) -> bool:
        """Whether it is an instance of a device (MIG)."""
        return self._gpu is not self._users

    def ask(self, function: str, *arguments: object) -> Any:
        """What 'nvmlDevice' and ``function`` answer of the device as a whole. Raises Untold."""
        return self._answer(f"nvmlDevice{function}", self._gpu, *arguments)

    def computing(self) -> list[Computing]:
        """The processes that use it for computing, ours among them. Raises Untold."""
        processes = self._answer("nvmlDeviceGetComputeRunningProcesses", self._users)
        return [
            Computing(each.pid, getattr(each, "usedGpuMemory", None), self._name_of(each.pid))
            for each in processes
        ]

    def joules(self) -> float:
        """What the device has used since its driver was loaded. Raises Untold."""
        return float(self.ask("GetTotalEnergyConsumption")) / 1e3

    def _name_of(self, pid: int) -> str:
        try:
            return str(self._answer("nvmlSystemGetProcessName", pid))
        except Untold:
            return ""

    def _answer(self, function: str, *arguments: object) -> Any:
        """Raises Untold also where the library is older than the function."""
        try:
            return getattr(self._library, function)(*arguments)
        except self._library.NVMLError as problem:
            raise Untold(str(problem)) from None
        except AttributeError:
            raise Untold("not in this nvidia-ml-py") from None

    def driver(self) -> str:
        """The driver's version."""
        return str(self._library.nvmlSystemGetDriverVersion())


def nvml_of(uuid: str) -> Nvml | None:
    """The device with this UUID; None where nvidia-ml-py is not installed or does not know it."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        return Nvml(pynvml, uuid)
    except pynvml.NVMLError:
        return None


def obstacle_to_energy(nvml: Nvml | None) -> str:
    """Why a device's counter does not tell what calls of this process use; empty where it does."""
    if nvml is None:
        return NO_NVML
    if nvml.is_instance:
        return INSTANCE
    try:
        nvml.joules()
    except Untold as problem:
        return f"this GPU has no counter of energy, as those from Volta on have (NVML: {problem})"
    try:
        pids = [process.pid for process in nvml.computing()]
    except Untold as problem:
        return f"NVML does not tell who else computes on the GPU, and its counter would hold that ({problem})"
    count = others_than({os.getpid()}, pids)
    others = "1 other process is" if count == 1 else f"{count} other processes are"
    return f"{others} on the GPU, and its counter holds what they use" if count > 0 else ""
