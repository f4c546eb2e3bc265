"""Spec: a request whose values are checked. Its fields are the settings."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from attnprof.backends import Arithmetic
from attnprof.catalogue import user_module
from attnprof.catalogue.values import written_value
from attnprof.choosing.budget import as_table
from attnprof.errors import SpecError
from attnprof.grid import PRESETS, Point
from attnprof.networks import usual_input
from attnprof.runtimes import COMPILED, EAGER
from attnprof.spec.fields import (
    PROCESSES,
    QUICK_TARGET,
    TARGET,
    Autocast,
    BaselineName,
    Batches,
    Bytes,
    Channels,
    CompileMode,
    CounterNames,
    DeviceName,
    FormatName,
    LanesPlace,
    Limits,
    Listed,
    MetricName,
    ModulePatterns,
    Names,
    NetworkName,
    OnGpu,
    PlaceText,
    PointText,
    Res,
    RunName,
    RuntimeNames,
    Seconds,
    Seed,
    ShardText,
    Share,
    Sweeps,
    Tf32,
    Threads,
    TimeBudget,
)
from attnprof.spec.locations import locations
from attnprof.spec.settings import SECTIONS, SETTINGS


def _field(name: str) -> Any:
    """The field of the setting ``name``."""
    setting = SETTINGS[name]
    return Field(default=setting.default, description=setting.meaning, validate_default=True)


class Spec(BaseModel):
    """What a run is to do, validated.

    ``Spec(channels="64,256", res="56")`` reads texts as the command line does. Raises SpecError with every
    mistake at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    modules: ModulePatterns = _field("modules")
    variants: Literal["default", "all"] = _field("variants")
    set: Sweeps = _field("set")
    channels: Annotated[tuple[Channels, ...], Listed] = _field("channels")
    res: Annotated[tuple[Res, ...], Listed] = _field("res")
    points: Annotated[tuple[PointText, ...], Listed] = _field("points")
    preset: Literal["resnet50", "mobilenetv2", "yolo-n", "yolo-s"] | None = _field("preset")
    networks: Annotated[tuple[NetworkName, ...], Listed] = _field("networks")
    at: Annotated[tuple[PlaceText, ...], Listed] = _field("at")
    sweep_places: bool = _field("sweep_places")
    batch: Batches = _field("batch")
    shard: ShardText = _field("shard")
    device: DeviceName = _field("device")
    on: LanesPlace = _field("on")
    mixed: bool = _field("mixed")
    dtype: Literal["fp32", "fp16", "bf16", "fp64"] = _field("dtype")
    autocast: Autocast = _field("autocast")
    tf32: Tf32 = _field("tf32")
    cudnn_benchmark: OnGpu = _field("cudnn_benchmark")
    channels_last: bool = _field("channels_last")
    compile: bool = _field("compile")
    compile_mode: CompileMode = _field("compile_mode")
    runtime: RuntimeNames = _field("runtime")
    hot: bool = _field("hot")
    train: bool = _field("train")
    no_latency: bool = _field("no_latency")
    metrics: Annotated[tuple[MetricName, ...], Listed] = _field("metrics")
    counters: CounterNames = _field("counters")
    quality: Literal["quick", "standard", "paper"] = _field("quality")
    baseline: BaselineName = _field("baseline")
    time_budget: TimeBudget = _field("time_budget")
    precision: Share = _field("precision")
    threads: Threads = _field("threads")
    timeout: Seconds = _field("timeout")
    memory_limit: Bytes = _field("memory_limit")
    allow_busy: bool = _field("allow_busy")
    seed: Seed = _field("seed")
    fail_fast: bool = _field("fail_fast")
    budget: Limits = _field("budget")
    name: RunName = _field("name")
    output: str | None = _field("output")
    format: FormatName = _field("format")

    def __init__(self, **values: Any) -> None:
        user_module.describe(locations(values))
        self._check(values, Names.LOOKED_UP)

    @classmethod
    def recorded(cls, **values: Any) -> Self:
        """The Spec of a run that has been. Its names are not looked up: what they name may be gone, and
        looking at a run imports no file that it names."""
        spec = cls.__new__(cls)
        spec._check(values, Names.RECORDED)
        return spec

    def _check(self, values: Mapping[str, Any], names: Names) -> None:
        try:
            self.__pydantic_validator__.validate_python(values, self_instance=self, context=names)
        except ValidationError as problem:
            fields = [_field_of(error) for error in problem.errors()]
            raise SpecError([_message(error) for error in problem.errors()], fields) from None

    def grid(self) -> tuple[Point, ...]:
        """The points, each once: the product of channels and res, the points, the preset's.

        By default 64 and 256 channels at 56x56. With networks they are of the networks' input, by default
        what they are usually called with, and 3 channels at 224x224 where that differs.
        """
        spec = self.effective()
        points = tuple((c, h, w) for c in spec.channels for h, w in spec.res) + self.points
        if self.preset:
            points += PRESETS[self.preset].points
        return tuple(dict.fromkeys(points))

    @property
    def batches(self) -> tuple[int, ...]:
        """The images per call, each number once."""
        return tuple(dict.fromkeys(self.batch))

    @property
    def executions(self) -> tuple[str, ...]:
        """How modules run, each way once: 'eager', 'compiled', 'compiled:max-autotune', 'onnxruntime'. A mode
        of torch.compile alone compiles, too."""
        compiles = self.compile or self.compile_mode is not None
        names = self.runtime or ((COMPILED if compiles else EAGER),)
        has_mode = self.compile_mode not in (None, "default")
        compiled = f"{COMPILED}:{self.compile_mode}" if has_mode else COMPILED
        return tuple(dict.fromkeys(compiled if name == COMPILED else name for name in names))

    @property
    def arithmetic(self) -> Arithmetic:
        """The liberties that a GPU has."""
        return Arithmetic(self.tf32, self.cudnn_benchmark)

    @property
    def processes(self) -> int:
        """The most fresh processes behind a figure."""
        return PROCESSES[self.quality]

    @property
    def target(self) -> float:
        """Half of the interval's width, as a share of the median, at which a process leaves a cell."""
        if self.precision is not None:
            return self.precision
        return QUICK_TARGET if self.quality == "quick" else TARGET

    def effective(self) -> "Spec":
        """This Spec with its default sizes filled in, and without the folder it was first written to."""
        if (self.points or self.preset) and not (self.channels or self.res):
            return self.model_copy(update={"output": None})
        sizes = {"channels": self.channels or (64, 256), "res": self.res or ((56, 56),)}
        if self.networks:
            channels, *sides = usual_input(self.networks)
            sizes = {"channels": self.channels or (channels,), "res": self.res or (tuple(sides),)}
        return self.model_copy(update={**sizes, "output": None})

    def to_toml(self) -> str:
        """This Spec as a TOML file that gives it again."""
        tables: dict[str, Any] = {}
        for field, value in self.model_dump(mode="json").items():
            if field == "set":
                tables |= {"variants": _toml_sweeps(value)} if value else {}
            elif field == "budget":
                tables |= {"budget": as_table(self.budget)} if value else {}
            else:
                tables.setdefault(SECTIONS[field], {}).update(_toml_field(field, value))
        return tomli_w.dumps(tables)


def _toml_sweeps(sweeps: dict[str, dict[str, list[Any]]]) -> dict[str, dict[str, list[Any]]]:
    """The sweeps as ``read_value`` reads them."""
    tables: dict[str, dict[str, list[Any]]] = {}
    for module, axes in sweeps.items():
        tables[module] = {name: [written_value(value) for value in axis] for name, axis in axes.items()}
    return tables


def _toml_field(field: str, value: Any) -> dict[str, Any]:
    """The key of a field; none for an unset one, 'none' for one that is switched off."""
    if value is not None and value != []:
        return {field: value}
    is_off_by_default = SETTINGS[field].default in (None, ())
    return {} if is_off_by_default else {field: "none"}


def _message(error: Any) -> str:
    text, value = str(error["msg"]), error["input"]
    if error["type"] == "value_error":
        return text.removeprefix("Value error, ")
    if error["type"] == "literal_error":
        return f"{value!r} is not one of {error['ctx']['expected']}"
    if error["type"] == "bool_parsing":
        return f"{value!r} is neither true nor false"
    return f"{text}, got {value!r}"


def _field_of(error: Any) -> tuple[str, str]:
    head, *rest = error["loc"]
    return str(head), "".join(f"[{part}]" for part in rest if isinstance(part, int))
