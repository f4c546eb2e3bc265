"""NVIDIA's management library: clock, reasons to slow down, heat, power, other processes of a device."""

import os
from contextlib import suppress
from typing import Any

from attnprof.backends import Condition

# Bits of the "clocks event reasons", from NVML's API reference.
POWER_CAP = 0x4
SLOWDOWNS = 0x8 | 0x20 | 0x40 | 0x80  # hardware slowdown, thermal by software and by hardware, power brake
BUSY = 10  # per cent of the last sampling period in which some kernel ran: a desktop stays below
KINDS = ("GPU", "MIG")  # of a UUID: of a whole device, or of an instance of one
ADVICE = "wait, or --allow-busy"


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
            busy = library.nvmlDeviceGetUtilizationRates(self._users).gpu if self._is_whole else None
        except library.NVMLError:
            return None
        # In a container our own process is listed under a number that it does not know.
        count = len(pids - {os.getpid()}) - (bool(pids) and os.getpid() not in pids)
        if count < 1 or (busy is not None and busy < BUSY):
            return None
        processes = "process" if count == 1 else "processes"
        if busy is None:
            return f"{count} other {processes} use this instance; {ADVICE}"
        return f"{count} other {processes} compute on it ({busy} % busy); {ADVICE}"

    @property
    def _is_whole(self) -> bool:
        return self._gpu is self._users

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
