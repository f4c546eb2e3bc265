"""The types of a Spec's fields: how each is read from text, checked, and written as text."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, ValidationInfo

from attnprof.backends import BACKENDS, GPU_ALONE
from attnprof.catalogue import selection
from attnprof.catalogue.user_location import canonical
from attnprof.catalogue.values import Value, cut, read_value
from attnprof.choosing.budget import Budget, read_budget
from attnprof.counters import COUNTERS
from attnprof.errors import AttnprofError
from attnprof.formats import FORMATS
from attnprof.grid import LARGEST, Point, parse_point, parse_res, show_res, whole_number
from attnprof.launchers import LAUNCHERS
from attnprof.metrics import METRICS
from attnprof.networks import network_named
from attnprof.networks._places import parse_place
from attnprof.registry import Registry
from attnprof.runtimes import COMPILED, RUNTIMES
from attnprof.units import parse_bytes, parse_seconds, parse_share

DTYPES = ("fp32", "fp16", "bf16", "fp64")
USUAL = "usual"  # among metrics: all those of the default
LARGEST_BATCH = 65536
LARGEST_THREADS = 1024
SHORTEST, LONGEST = 1e-3, 365 * 86400.0  # seconds: of a timeout, of a timeout or a time budget
LARGEST_MEMORY = 2**60  # bytes
PROCESSES = {"quick": 1, "standard": 6, "paper": 6}
AUTO = "auto"  # a time budget that the run plans; the usual baseline
TARGET, QUICK_TARGET = 0.01, 0.02
NOT_MEASURED = (
    "attnprof does not measure on {0}; --device cpu measures the processor, attnprof count counts without a"
    " device, and one file adds a device of your own (CONTRIBUTING.md, Device)"
)
# Devices of torch's that are no entries, and what can be done instead.
INSTEAD = {
    "mps": NOT_MEASURED.format("mps, Apple's GPU"),
    "xpu": NOT_MEASURED.format("xpu, Intel's GPU"),
    **dict.fromkeys(("hip", "rocm"), "torch calls AMD's GPUs cuda: --device cuda"),
}


def listed(value: Any) -> Any:
    """A comma-separated text as a list; a single value as a list of one."""
    if isinstance(value, str):
        return selection.split(value)
    return list(value) if isinstance(value, list | tuple) else [value]


def _some_listed(advice: str) -> BeforeValidator:
    """A list that is not empty. advice: what to write instead."""

    def validate(value: Any) -> Any:
        if not listed(value):
            raise ValueError(advice)
        return listed(value)

    return BeforeValidator(validate)


def _listed_or_none(value: Any) -> Any:
    return [] if value == "none" else listed(value)


class Names(Enum):
    """What becomes of the names in a spec."""

    LOOKED_UP = 1  # each has to name something; a file of the user's is imported, by a child process
    RECORDED = 2  # they stay as they are


def _looked_up(check: Callable[[str], object]) -> BeforeValidator:
    """A text that ``check`` looks up, and raises for where it names nothing."""

    def validate(value: Any, info: ValidationInfo) -> str:
        if info.context is not Names.RECORDED:
            _as_value_error(check)(str(value))
        return str(value)

    return BeforeValidator(validate)


def _name_in(registry: Registry, *also: str) -> BeforeValidator:
    """A name of the registry, or one of ``also``."""
    return _looked_up(lambda name: name in also or registry.module_name(name))


def _as_value_error(check: Any) -> Any:
    """``check``, whose AttnprofErrors become ValueErrors: those are what pydantic collects."""

    def checked(*values: Any) -> Any:
        try:
            return check(*values)
        except AttnprofError as problem:
            raise ValueError(str(problem)) from None

    return checked


def _optional(parse: Any) -> Any:
    return lambda value: None if value is None or value == "none" else parse(str(value))


def _pattern(text: str) -> None:
    if not selection.import_problem(text):
        selection.matching(text.removeprefix("!"))


def _some_importable(patterns: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """Raises ValueError where no file of the user's can be imported, and they are all that is to be measured:
    one of several costs its rows alone."""
    if info.context is Names.RECORDED:
        return patterns
    adding = [pattern for pattern in patterns if not pattern.startswith("!")]
    problems = [selection.import_problem(pattern) for pattern in adding]
    if adding and all(problems):
        raise ValueError("; ".join(dict.fromkeys(problems)))
    return patterns


def _place(value: Any) -> str:
    return str(parse_place(str(value)))


def _budget(value: Any, info: ValidationInfo) -> Budget:
    budget: Budget = _as_value_error(read_budget)(value)
    if info.context is not Names.RECORDED:
        _as_value_error(_require_single_references)(budget)
        return tuple(replace(limit, reference=_shown(limit.reference)) for limit in budget)
    return budget


def _shown(reference: str) -> str:
    return selection.canonical(reference) if reference else ""


def _require_single_references(budget: Budget) -> None:
    for limit in budget:
        if limit.reference and len(selection.matching(limit.reference)) != 1:
            raise ValueError(
                f"{str(limit)!r}: name one module, {limit.measure.name}{limit.measure.sign}1.2x:se"
            )


def _shard(value: Any) -> str:
    parts = re.fullmatch(r"\s*([0-9]{1,4})\s*/\s*([0-9]{1,4})\s*", str(value))
    if not parts or not 1 <= int(parts[1]) <= int(parts[2]):
        raise ValueError(f"{str(value)!r} is no shard; write 1/4 to 4/4")
    return f"{int(parts[1])}/{int(parts[2])}"


def _duration(text: str) -> float:
    seconds = parse_seconds(text)
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is too long; write {LONGEST / 3600:.0f}h or less, or none")
    return seconds


def _timeout(text: str) -> float:
    seconds = _duration(text)
    if seconds < SHORTEST:
        raise ValueError(f"{text!r} is too short for any answer; write 1ms or more, or none")
    return seconds


def _memory(text: str) -> int:
    size = parse_bytes(text)
    if size > LARGEST_MEMORY:
        raise ValueError(f"{text!r} is more than any machine has; write {LARGEST_MEMORY // 2**40}TiB or less")
    return size


def _time_budget(value: Any) -> float | str | None:
    return AUTO if value == AUTO else _optional(_duration)(value)


def _written_budget(value: float | str | None) -> str | None:
    return f"{_digits(value)}s" if isinstance(value, float) else value


def _baseline(text: str) -> None:
    if text not in (AUTO, "none") and len(selection.matching(text)) != 1:
        raise ValueError(f"{text!r} is more than one module; name one, or none")


def _seed(value: Any) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", str(value)):
        raise ValueError(f"{value} is not a seed: a whole number, not negative, of 18 digits at most")
    return int(value)


def _name(value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", str(value)):
        raise ValueError(f"{str(value)!r} is no name for a folder; use letters, digits, '.', '_' and '-'")
    return str(value)


def _device(text: str) -> None:
    if text == "auto":
        return
    name, colon, index = text.partition(":")
    if name in INSTEAD and name not in BACKENDS:
        raise ValueError(INSTEAD[name])
    if name not in BACKENDS or (colon and not index.isdigit()):
        raise ValueError(f"no device {text!r}; write auto, {', '.join(BACKENDS.names())} or cuda:1")


def _lanes_place(value: Any) -> str | None:
    """A launcher and its address: 'local:2'."""
    if value is None or value == "none":
        return None
    _as_value_error(LAUNCHERS.module_name)(str(value).partition(":")[0])
    return str(value)


def _from_fp32(value: str | None, info: ValidationInfo) -> str | None:
    """Refuse autocast beside a dtype that is not fp32; a field in front of this one."""
    dtype = info.data.get("dtype", "fp32")
    if value is not None and dtype != "fp32":
        raise ValueError(f"autocast starts from fp32; leave out the dtype {dtype}, or {value} here")
    return value


def _of_fp32(value: bool, info: ValidationInfo) -> bool:
    """Refuse tf32 beside a dtype that is not fp32; a field in front of this one."""
    dtype = info.data.get("dtype", "fp32")
    if value and dtype != "fp32":
        raise ValueError(f"tf32 is how fp32 is multiplied; leave it out, or the dtype {dtype}")
    return value


def _with_compiled(names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """Refuse torch.compile, by fields in front of this one, beside runtimes that it is none of."""
    compiles = info.data.get("compile") or info.data.get("compile_mode")
    if names and compiles and COMPILED not in names:
        raise ValueError(f"--compile is the runtime {COMPILED}: name it here, too, or leave --compile out")
    return names


def _not_on_cpu(value: Any, info: ValidationInfo) -> Any:
    """Refuse what a CPU has no use for beside the device cpu; a field in front of this one."""
    problem = GPU_ALONE.get((str(info.field_name), value))
    if problem and info.data.get("device") == "cpu":
        raise ValueError(problem)
    return value


def _sweeps(value: Any, info: ValidationInfo) -> dict[str, dict[str, list[Value]]]:
    """Module -> hyperparameter -> values, from a table or texts. Raises for a sweep that no module takes."""
    sweeps = sweeps_of(value)
    if info.context is Names.RECORDED:
        return sweeps
    for module, axes in sweeps.items():
        for name, values in axes.items():
            _as_value_error(selection.check_sweep)(module, name, values)
    return {selection.canonical(module): axes for module, axes in sweeps.items()}


def sweeps_of(value: Any) -> dict[str, dict[str, list[Value]]]:
    """Module -> hyperparameter -> values, from a table or texts; none of them is looked up."""
    tables = value if isinstance(value, Mapping) else _sweeps_of_text(_texts(value))
    sweeps: dict[str, dict[str, list[Value]]] = {}
    for module, axes in tables.items():
        if not isinstance(axes, Mapping):
            raise ValueError(
                f"{module}: write hyperparameters below a module: [variants.cbam] reduction = [8, 16]"
            )
        for name, values in axes.items():
            sweeps.setdefault(canonical(module), {})[name] = _axis(values)
    return sweeps


def _axis(values: Any) -> list[Value]:
    """The values of one sweep. A text is read as on the command line: TOML has no word for None."""
    listed = values if isinstance(values, list | tuple) else [values]
    return [_as_value_error(read_value)(value) for value in listed]


def _texts(value: Any) -> list[str]:
    return [] if value == "none" else [str(part) for part in listed(value)]


def _sweeps_of_text(parts: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    # 'cbam.reduction=8,16' arrives cut at its commas: a part without '=' continues the sweep before it.
    sweeps: dict[str, dict[str, list[str]]] = {}
    values: list[str] = []
    for part in parts:
        path, *value = cut(part, "=")
        if value:
            module, _, name = path.strip().rpartition(".")
            values = sweeps.setdefault(module or selection.EVERYWHERE, {}).setdefault(name, [])
        elif not sweeps:
            raise ValueError(f"{part!r} is no sweep; write cbam.reduction=8,16")
        values.append("=".join(value) if value else part)
    return sweeps


def _digits(value: float, times: int = 1) -> str:
    """Every digit that ``value`` needs to be read back as the same float."""
    return f"{(Decimal(repr(value)) * times).normalize():f}"


def _written(write: Any) -> PlainSerializer:
    return PlainSerializer(write, when_used="json")


def _number(largest: int, word: str) -> BeforeValidator:
    return BeforeValidator(lambda value: whole_number(value, largest, word))


Listed = BeforeValidator(listed)
ModulePattern = Annotated[str, _looked_up(_pattern)]
ModulePatterns = Annotated[
    tuple[ModulePattern, ...],
    _some_listed("name at least one, or all"),
    AfterValidator(_some_importable),
]
NetworkName = Annotated[str, _looked_up(network_named)]
PlaceText = Annotated[str, BeforeValidator(_place)]
ShardText = Annotated[str | None, BeforeValidator(_optional(_shard))]
DeviceName = Annotated[str, _looked_up(_device)]
LanesPlace = Annotated[str | None, BeforeValidator(_lanes_place)]
RunName = Annotated[str, BeforeValidator(_name)]
FormatName = Annotated[str, _name_in(FORMATS)]
MetricName = Annotated[str, _name_in(METRICS, USUAL)]
CounterName = Annotated[str, _name_in(COUNTERS)]
CounterNames = Annotated[tuple[CounterName, ...], BeforeValidator(_listed_or_none)]
Autocast = Annotated[Literal["bf16", "fp16"] | None, AfterValidator(_from_fp32)]
OnGpu = Annotated[bool, AfterValidator(_not_on_cpu)]
Tf32 = Annotated[OnGpu, AfterValidator(_of_fp32)]
CompileMode = Annotated[
    Literal["default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs"] | None,
    BeforeValidator(_optional(str)),
    AfterValidator(_not_on_cpu),
]
RuntimeName = Annotated[str, _name_in(RUNTIMES)]
RuntimeNames = Annotated[tuple[RuntimeName, ...], Listed, AfterValidator(_with_compiled)]
Seed = Annotated[int, BeforeValidator(_seed)]
Batch = Annotated[int, _number(LARGEST_BATCH, "a batch")]
Batches = Annotated[tuple[Batch, ...], _some_listed("name at least one: 1, or 1,8,32")]
Threads = Annotated[int, _number(LARGEST_THREADS, "a number of threads")]
Channels = Annotated[int, _number(LARGEST, "a number of channels")]
Res = Annotated[tuple[int, int], BeforeValidator(parse_res), _written(show_res)]
PointText = Annotated[Point, BeforeValidator(parse_point), _written(lambda p: f"{p[0]}@{show_res(p[1:])}")]
Seconds = Annotated[
    float | None,
    BeforeValidator(_optional(_timeout)),
    _written(lambda s: s if s is None else f"{_digits(s)}s"),
]
TimeBudget = Annotated[
    float | Literal["auto"] | None, BeforeValidator(_time_budget), _written(_written_budget)
]
BaselineName = Annotated[str, _looked_up(_baseline)]
Bytes = Annotated[
    int | None, BeforeValidator(_optional(_memory)), _written(lambda b: b if b is None else f"{b}B")
]
Share = Annotated[
    float | None,
    BeforeValidator(lambda v: None if v is None else parse_share(str(v))),
    _written(lambda s: s if s is None else f"{_digits(s, 100)}%"),
]
Sweeps = Annotated[dict[str, dict[str, list[Any]]], BeforeValidator(_sweeps)]
Limits = Annotated[Budget, BeforeValidator(_budget), _written(lambda b: [str(limit) for limit in b])]
