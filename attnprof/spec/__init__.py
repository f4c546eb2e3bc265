"""Spec: what a run is to do. Each field is a TOML key and a command-line option of the same name."""

from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from attnprof.choosing.budget import as_table
from attnprof.errors import SpecError
from attnprof.grid import PRESETS, Point
from attnprof.spec.fields import (
    PROCESSES,
    QUICK_TARGET,
    TARGET,
    Autocast,
    Batch,
    Bytes,
    Channels,
    CounterNames,
    DeviceName,
    FormatName,
    Limits,
    Listed,
    MetricName,
    ModulePatterns,
    NetworkName,
    PlaceText,
    PointText,
    Res,
    RunName,
    Seconds,
    Seed,
    ShardText,
    Share,
    Sweeps,
    Threads,
)


def _field(section: str, default: Any, description: str, **more: Any) -> Any:
    """A field that belongs in the table ``section`` of a TOML file."""
    return Field(
        default=default,
        description=description,
        json_schema_extra={"section": section, **more},
        validate_default=True,
    )


class Spec(BaseModel):
    """What a run is to do, validated.

    ``Spec(channels="64,256", res="56")`` reads texts as the command line does. Raises SpecError with every
    mistake at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    modules: ModulePatterns = _field("grid", "all", "names, cbam(reduction=8), family:channel, !name")
    variants: Literal["default", "all"] = _field(
        "grid", "default", "each module's default, or all named ones"
    )
    set: Sweeps = _field("variants", {}, "sweep hyperparameters: cbam.reduction=8,16")
    channels: Annotated[tuple[Channels, ...], Listed] = _field("grid", (), "channel counts (64,256)")
    res: Annotated[tuple[Res, ...], Listed] = _field("grid", (), "map sizes: 56 or 28x40 (56)")
    points: Annotated[tuple[PointText, ...], Listed] = _field("grid", (), "single sizes: 64@56,256@28x40")
    preset: Literal["resnet50", "mobilenetv2", "yolo-n", "yolo-s"] | None = _field(
        "grid", None, "sizes of a network: resnet50, mobilenetv2, yolo-n/-s"
    )
    networks: Annotated[tuple[NetworkName, ...], Listed] = _field(
        "grid", (), "put the modules into these: resnet50, my.py:make_net"
    )
    at: Annotated[tuple[PlaceText, ...], Listed] = _field(
        "grid", (), "places: after_bn3:2-4, last_3, layer*.bn3 (its own)"
    )
    sweep_places: bool = _field("grid", False, "each stage of the network alone, too")
    batch: Batch = _field("grid", 1, "images per call")
    shard: ShardText = _field("grid", None, "the i-th of n equal parts of the cells: 1/4")
    device: DeviceName = _field("measure", "auto", "auto, cpu, cuda or cuda:1")
    dtype: Literal["fp32", "fp16", "bf16", "fp64"] = _field("measure", "fp32", "number format")
    autocast: Autocast = _field("measure", None, "torch.autocast to bf16 or fp16")
    channels_last: bool = _field("measure", False, "NHWC memory layout")
    compile: bool = _field("measure", False, "run modules through torch.compile")
    hot: bool = _field("measure", False, "one input for all calls, in cache (new inputs)")
    train: bool = _field("measure", False, "add rows for forward + backward")
    no_latency: bool = _field("measure", False, "counts only")
    metrics: Annotated[tuple[MetricName, ...], Listed] = _field(
        "measure", (), "only these metrics, or usual and more (usual)"
    )
    counters: CounterNames = _field("measure", "fvcore,thop", "cross-check counters, or none")
    quality: Literal["quick", "standard", "paper"] = _field(
        "measure", "standard", "quick, standard, paper: 1, 3, 6 processes"
    )
    time_budget: Seconds = _field("measure", "75s", "of the whole run, or none")
    precision: Share = _field("measure", None, "target half-width of intervals (1%, quick 2%)")
    threads: Threads = _field("measure", 1, "CPU threads per operator")
    timeout: Seconds = _field("measure", "60s", "give up on a cell after this long")
    memory_limit: Bytes = _field("measure", None, "what a cell may allocate (90% of what is free)")
    allow_busy: bool = _field("measure", False, "measure on a GPU that other processes use")
    seed: Seed = _field("measure", 0, "of weights and inputs")
    fail_fast: bool = _field("measure", False, "stop at the first cell that fails")
    budget: Limits = _field("budget", (), "for pick and check: params<=10k, latency<=1.2x:se")
    name: RunName = _field("output", "run", "name of the run folder")
    output: str | None = _field("output", None, "run folder (reports/<date>-<name>-<device>)")
    format: FormatName = _field("output", "text", "format of the printed table")

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as problem:
            fields = [_field_of(error) for error in problem.errors()]
            raise SpecError([_message(error) for error in problem.errors()], fields) from None

    def grid(self) -> tuple[Point, ...]:
        """The points, each once: the product of channels and res, the points, the preset's.

        By default 64 and 256 channels at 56x56. With networks they are of the networks' input, by default 3
        channels at 224x224.
        """
        spec = self.effective()
        points = tuple((c, h, w) for c in spec.channels for h, w in spec.res) + self.points
        if self.preset:
            points += PRESETS[self.preset].points
        return tuple(dict.fromkeys(points))

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
        channels, side = ((3,), 224) if self.networks else ((64, 256), 56)
        sizes = {"channels": self.channels or channels, "res": self.res or ((side, side),)}
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
    """The sweeps with 'none' for None, which TOML has no word for."""
    tables: dict[str, dict[str, list[Any]]] = {}
    for module, axes in sweeps.items():
        tables[module] = {name: ["none" if v is None else v for v in axis] for name, axis in axes.items()}
    return tables


def _toml_field(field: str, value: Any) -> dict[str, Any]:
    """The key of a field; none for an unset one, 'none' for one that is switched off."""
    if value is not None and value != []:
        return {field: value}
    is_off_by_default = Spec.model_fields[field].default in (None, ())
    return {} if is_off_by_default else {field: "none"}


SECTIONS = {
    name: str(info.json_schema_extra["section"])  # type: ignore[index] # each field is made by _field
    for name, info in Spec.model_fields.items()
}


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
