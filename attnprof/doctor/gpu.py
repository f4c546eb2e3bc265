"""A GPU: its versions, the variables that change its figures, and its state as NVML tells it.

What NVML does not tell of a device is a blank in the line of its subject, with NVML's own words.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from attnprof.backends._nvml import (
    CORRECTED,
    MEMORY,
    POWER_CAP,
    SINCE_LOADED,
    SLOWDOWN,
    SLOWDOWNS,
    SM,
    UNCORRECTED,
    Computing,
    Nvml,
    Untold,
    nvml_of,
    others_than,
)
from attnprof.backends._variables import CHANGES
from attnprof.doctor import FINE, NOTE, Finding
from attnprof.records.environment import Environment
from attnprof.units import show_bytes

HELD = 0.75  # of the highest clock: what most devices hold at full load
REASONS = {
    0x1: "idle",
    0x2: "clocks set by somebody",
    POWER_CAP: "power limit",
    0x8: "hardware slowdown",
    0x10: "in step with other GPUs",
    0x20: "heat, by the driver",
    0x40: "heat, by the hardware",
    0x80: "power supply",
    0x100: "display",
}
COMPUTE_MODES = {0: "default", 1: "one thread", 2: "prohibited", 3: "one process"}
NEAR = 5  # degrees below the slowdown


def gpu(environment: Environment) -> Iterator[Finding]:
    """All of it, of the device that a worker has described."""
    yield versions(environment)
    if version := environment.get("rocm_version"):
        yield Finding(
            "ROCm",
            NOTE,
            f"ROCm {version}: nobody has verified attnprof on it",
            "compare a figure with another tool's before you rely on it",
        )
    yield variables(environment)
    library = nvml_of(str(environment.get("device_uuid", "")))
    if library is None:
        yield Finding("state", FINE, "not told: no NVML for this device")
        return
    for subject in SUBJECTS:
        yield subject(library)


def versions(environment: Environment) -> Finding:
    """Of what stands between torch and the device."""
    names = {"": "driver_version", "CUDA ": "cuda_version", "cuDNN ": "cudnn_version"}
    parts = [f"{name}{environment[key]}" for name, key in names.items() if environment.get(key)]
    return Finding("driver", FINE, ", ".join([*parts, f"tf32 {'on' if environment.get('tf32') else 'off'}"]))


def variables(environment: Environment) -> Finding:
    """The environment variables that are set and change figures."""
    changing, choosing = (environment.get(name) or {} for name in ("cuda_variables", "cuda_visible"))
    texts = [f"{name}={value} ({CHANGES.get(name, 'figures')})" for name, value in sorted(changing.items())]
    texts += [f"{name}={value}" for name, value in sorted(choosing.items())]
    if changing:
        return Finding(
            "variables", NOTE, ", ".join(texts), "runs with and without them are not compared; unset them"
        )
    return Finding("variables", FINE, ", ".join(texts) or "none is set that changes figures")


class Answers:
    """What NVML answers about one subject, and what it does not."""

    def __init__(self, library: Nvml) -> None:
        self._library = library
        self._silent: dict[str, list[str]] = {}  # reason -> what is not told

    def ask(self, subject: str, function: str, *arguments: object) -> Any:
        """The answer; None where there is none. subject: what it is about, in words."""
        try:
            return self._library.ask(function, *arguments)
        except Untold as problem:
            self._silent.setdefault(str(problem), []).append(subject)
            return None

    def text(self, *parts: str | None) -> str:
        """The parts that are known, and what is not told."""
        words = ", ".join(filter(None, parts))
        blanks = [f"not told: {', '.join(names)} ({reason})" for reason, names in self._silent.items()]
        return "; ".join(filter(None, [words, *blanks]))


def clocks(library: Nvml) -> Finding:
    """Clocks now and at most, and the command that locks them."""
    answers = Answers(library)
    core, fastest = _pair(answers, "SM clock", SM)
    memory, _ = _pair(answers, "memory clock", MEMORY)
    usual = answers.ask("application clock", "GetApplicationsClock", SM)
    set_to = None if usual is None else f"application clock {usual} MHz"
    steady = sustained_clock(library)
    says = answers.text(core, memory, set_to)
    if steady is None or fastest is None:
        return Finding(
            "GPU clocks", FINE, f"{says}; nvidia-smi -q -d SUPPORTED_CLOCKS lists those that can be locked"
        )
    advice = (
        "NVML does not tell whether they are locked. Unlocked they follow load, power and heat; for runs that"
        f" are compared, lock them at {steady} MHz, which is held under load as the highest is not, and"
        " unlock them afterwards:"
    )
    lock, unlock = (_command(library, option) for option in (f"-lgc {steady},{steady}", "-rgc"))
    return Finding("GPU clocks", NOTE, says, advice, (lock, unlock))


def _pair(answers: Answers, name: str, clock: int) -> tuple[str | None, int | None]:
    """'SM clock 345 of 1980 MHz', as far as it is told, and the highest clock."""
    now = answers.ask(name, "GetClockInfo", clock)
    most = answers.ask(f"highest {name}", "GetMaxClockInfo", clock)
    if now is None:
        return None, most
    return f"{name} {now}" + (" MHz" if most is None else f" of {most} MHz"), most


def sustained_clock(library: Nvml) -> int | None:
    """MHz that the device can be locked at and holds under load: the application clock that it comes with,
    where that is below the highest, else three quarters of the highest; None where its clocks are not
    told."""
    answers = Answers(library)
    memory_clocks = answers.ask("", "GetSupportedMemoryClocks")
    clocks: list[int] | None = None
    if memory_clocks:
        clocks = answers.ask("", "GetSupportedGraphicsClocks", max(memory_clocks))
    if not clocks:
        return None
    highest, default = max(clocks), answers.ask("", "GetDefaultApplicationsClock", SM)
    limit = default if default and default < highest else HELD * highest
    return max((clock for clock in clocks if clock <= limit), default=min(clocks))


def slowdown(library: Nvml) -> Finding:
    """Why the clocks are not higher now."""
    answers = Answers(library)
    bits = answers.ask("reasons", "GetCurrentClocksThrottleReasons")
    if bits is None:
        return Finding("slowdown", FINE, answers.text())
    words = [text for bit, text in REASONS.items() if bits & bit] or ["none"]
    says = answers.text(*words)
    if bits & SLOWDOWNS:
        return Finding("slowdown", NOTE, says, "let it cool down, or see to its supply")
    if bits & POWER_CAP:
        return Finding(
            "slowdown", NOTE, says, "it is held back while nothing is measured: who computes on it?"
        )
    return Finding("slowdown", FINE, says)


def heat(library: Nvml) -> Finding:
    """The temperature, and where the hardware slows itself."""
    answers = Answers(library)
    celsius = answers.ask("temperature", "GetTemperature", 0)
    limit = answers.ask("slowdown", "GetTemperatureThreshold", SLOWDOWN)
    says = answers.text(_unit("", celsius, "°C"), _unit("slows itself at ", limit, "°C"))
    if None not in (celsius, limit) and celsius > limit - NEAR:
        return Finding("heat", NOTE, says, "let it cool down before it measures")
    return Finding("heat", FINE, says)


def power(library: Nvml) -> Finding:
    """What it draws, and its limits."""
    answers = Answers(library)
    draws = answers.ask("draw", "GetPowerUsage")
    limit = answers.ask("limit", "GetEnforcedPowerLimit")
    default = answers.ask("default limit", "GetPowerManagementDefaultLimit")
    says = answers.text(
        _unit("draws ", _watts(draws), "W"),
        _unit("limit ", _watts(limit), "W"),
        _unit("default limit ", _watts(default), "W"),
    )
    if None not in (limit, default) and limit < default:
        advice = "the limit was lowered, and clocks with it under load; back to the default:"
        return Finding("power", NOTE, says, advice, (_command(library, f"-pl {_watts(default)}"),))
    return Finding("power", FINE, says)


def persistence(library: Nvml) -> Finding:
    """Whether the driver stays loaded without a program."""
    answers = Answers(library)
    mode = answers.ask("mode", "GetPersistenceMode")
    if mode is None:
        return Finding("persistent", FINE, answers.text())
    if mode:
        return Finding("persistent", FINE, "the driver stays loaded")
    advice = "every start waits for it, and locked clocks are lost; to keep it loaded:"
    return Finding(
        "persistent", NOTE, "the driver leaves with the last program", advice, (_command(library, "-pm 1"),)
    )


def memory_errors(library: Nvml) -> Finding:
    """Whether memory corrects errors, and how many there were."""
    answers = Answers(library)
    modes = answers.ask("mode", "GetEccMode")
    if not modes or not modes[0]:
        return Finding("ECC", FINE, answers.text(None if modes is None else "off"))
    corrected, lost = (
        answers.ask(name, "GetTotalEccErrors", kind, SINCE_LOADED)
        for name, kind in (("corrected errors", CORRECTED), ("uncorrected errors", UNCORRECTED))
    )
    says = answers.text(
        "on",
        _unit("", corrected, "errors corrected"),
        _unit("", lost, "uncorrected since the driver was loaded"),
    )
    if lost:
        return Finding("ECC", NOTE, says, "the memory loses data: reset the device, or have it replaced")
    return Finding("ECC", FINE, says)


def modes(library: Nvml) -> Finding:
    """Who may compute on it, and whether it is divided into instances."""
    answers = Answers(library)
    mode = answers.ask("compute mode", "GetComputeMode")
    instances = answers.ask("MIG", "GetMigMode")
    says = answers.text(
        None if mode is None else f"compute mode {COMPUTE_MODES.get(mode, mode)}",
        f"MIG {'on' if instances[0] else 'off'}" if instances else None,
    )
    if library.is_instance:
        advice = "clocks, power and heat are those of the whole device, and of whoever computes beside you"
        return Finding("modes", NOTE, f"{says}; this is one instance", advice)
    return Finding("modes", FINE, says)


def processes(library: Nvml, proc: Path = Path("/proc")) -> Finding:
    """Who else computes on it. proc: where the system lists processes."""
    try:
        computing = library.computing()
    except Untold as problem:
        return Finding("processes", FINE, f"not told ({problem})")
    own = {each.pid for each in computing if _is_ours(each.pid, proc)}
    count = others_than(own, [each.pid for each in computing])
    if count < 1:
        return Finding("processes", FINE, "nobody else computes on it")
    others = [each for each in computing if each.pid not in own]
    says = f"{count} other{'' if count == 1 else 's'}: {', '.join(map(_named, others))}"
    if len(others) > count:
        says += "; one of these is attnprof itself, under the number that the host knows"
    return Finding("processes", NOTE, says, "figures hold what they take of it: wait, or end them")


def _is_ours(pid: int, proc: Path) -> bool:
    """Whether it is this process, or the worker that it has started."""
    if pid == os.getpid():
        return True
    try:
        lines = (proc / str(pid) / "status").read_text(errors="replace").splitlines()
    except OSError:
        return False
    return f"PPid:\t{os.getpid()}" in lines


def _named(process: Computing) -> str:
    memory = [] if process.memory is None else [show_bytes(process.memory)]
    if not process.name:
        return f"pid {process.pid}" + (f" ({memory[0]})" if memory else "")
    return f"{Path(process.name).name} ({', '.join([f'pid {process.pid}', *memory])})"


def _unit(label: str, value: object, unit: str) -> str | None:
    return None if value is None else f"{label}{value} {unit}"


def _watts(milliwatts: int | None) -> int | None:
    return None if milliwatts is None else round(milliwatts / 1000)


def _command(library: Nvml, option: str) -> str:
    """A command for an administrator. nvidia-smi numbers devices as NVML does, and not as CUDA may."""
    answers = Answers(library)
    index = answers.ask("", "GetIndex")
    name = answers.ask("", "GetUUID") if index is None else index
    return f"sudo nvidia-smi -i {name} {option}"


SUBJECTS: Sequence[Callable[[Nvml], Finding]] = (
    clocks,
    slowdown,
    heat,
    power,
    persistence,
    memory_errors,
    modes,
    processes,
)
