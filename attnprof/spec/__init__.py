"""Spec: what the user asks. Each field is a TOML key and a command-line option of the same name."""

from typing import Annotated, Any, Literal

import tomli_w
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from attnprof.choosing.budget import as_table
from attnprof.counters import COUNTERS
from attnprof.errors import SpecError
from attnprof.formats import FORMATS
from attnprof.grid import PRESETS, Point, whole_number
from attnprof.spec.fields import (
    LARGEST_BATCH,
    PROCESSES,
    QUICK_TARGET,
    TARGET,
    At,
    Bytes,
    Channels,
    Limits,
    Listed,
    Metrics,
    Res,
    Seconds,
    Share,
    Sweeps,
    _device,
    _from_fp32,
    _in_words,
    _known,
    _listed_or_none,
    _name,
    _network,
    _optional,
    _pattern,
    _place,
    _seed,
    _shard,
    _some_listed,
)


def _field(section: str, default: Any, says: str, **more: Any) -> Any:
    return Field(
        default=default,
        description=says,
        json_schema_extra={"section": section, **more},
        validate_default=True,
    )


class Spec(BaseModel):
    """What the user asks for, validated. ``Spec(channels="64,256", res="56")`` reads texts as the command line does.

    Raises SpecError with every mistake at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    modules: Annotated[
        tuple[Annotated[str, BeforeValidator(_in_words(_pattern))], ...], BeforeValidator(_some_listed)
    ] = _field("grid", "all", "names, cbam(reduction=8), family:channel, !name")
    variants: Literal["default", "all"] = _field(
        "grid", "default", "each module's default, or all named ones"
    )
    set: Sweeps = _field("variants", {}, "sweep hyperparameters: cbam.reduction=8,16")
    channels: Annotated[tuple[Channels, ...], Listed] = _field("grid", (), "channel counts (64,256)")
    res: Annotated[tuple[Res, ...], Listed] = _field("grid", (), "map sizes: 56 or 28x40 (56)")
    points: Annotated[tuple[At, ...], Listed] = _field("grid", (), "single sizes: 64@56,256@28x40")
    preset: Literal["resnet50", "mobilenetv2", "yolo-n", "yolo-s"] | None = _field(
        "grid", None, "sizes of a network: resnet50, mobilenetv2, yolo-n/-s"
    )
    networks: Annotated[tuple[Annotated[str, BeforeValidator(_in_words(_network))], ...], Listed] = _field(
        "grid", (), "put the modules into these: resnet50, my.py:make_net"
    )
    at: Annotated[tuple[Annotated[str, BeforeValidator(_place)], ...], Listed] = _field(
        "grid", (), "places: after_bn3:2-4, last_3, layer*.bn3 (its own)"
    )
    sweep_places: bool = _field("grid", False, "each stage of the network alone, too")
    batch: Annotated[int, BeforeValidator(lambda v: whole_number(v, LARGEST_BATCH, "a batch"))] = _field(
        "grid", 1, "images per call"
    )
    shard: Annotated[str | None, BeforeValidator(_optional(_shard))] = _field(
        "grid", None, "the i-th of n equal parts of the cells: 1/4"
    )
    device: Annotated[str, BeforeValidator(_device)] = _field("measure", "auto", "auto, cpu, cuda or cuda:1")
    dtype: Literal["fp32", "fp16", "bf16", "fp64"] = _field("measure", "fp32", "number format")
    autocast: Annotated[Literal["bf16", "fp16"] | None, AfterValidator(_from_fp32)] = _field(
        "measure", None, "torch.autocast to bf16 or fp16"
    )
    channels_last: bool = _field("measure", False, "NHWC memory layout")
    compile: bool = _field("measure", False, "run modules through torch.compile")
    hot: bool = _field("measure", False, "one input for all calls, in cache (new inputs)")
    train: bool = _field("measure", False, "add rows for forward + backward")
    no_latency: bool = _field("measure", False, "counts only")
    metrics: Metrics = _field("measure", (), "only these metrics, or usual and more (usual)")
    counters: Annotated[tuple[Annotated[str, _known(COUNTERS)], ...], BeforeValidator(_listed_or_none)] = (
        _field("measure", "fvcore,thop", "cross-check counters, or none")
    )
    quality: Literal["quick", "standard", "paper"] = _field(
        "measure", "standard", "quick, standard, paper: 1, 3, 6 processes"
    )
    time_budget: Seconds = _field("measure", "75s", "of the whole run, or none")
    precision: Share = _field("measure", None, "target half-width of intervals (1%, quick 2%)")
    threads: Annotated[int, BeforeValidator(lambda v: whole_number(v, 1024, "a number of threads"))] = _field(
        "measure", 1, "CPU threads per operator"
    )
    timeout: Seconds = _field("measure", "60s", "give up on a cell after this long")
    memory_limit: Bytes = _field("measure", None, "what a cell may allocate (90% of what is free)")
    allow_busy: bool = _field("measure", False, "measure on a GPU that other processes use")
    seed: Annotated[int, BeforeValidator(_seed)] = _field("measure", 0, "of weights and inputs")
    fail_fast: bool = _field("measure", False, "stop at the first cell that fails")
    budget: Limits = _field("budget", (), "for pick and check: params<=10k, latency<=1.2x:se")
    name: Annotated[str, BeforeValidator(_name)] = _field("output", "run", "name of the run folder")
    output: str | None = _field("output", None, "run folder (reports/<date>-<name>-<device>)")
    format: Annotated[str, _known(FORMATS)] = _field("output", "text", "format of the printed table")

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as problem:
            fields = [_field_of(error) for error in problem.errors()]
            raise SpecError([_says(error) for error in problem.errors()], fields) from None

    def grid(self) -> tuple[Point, ...]:
        """The points asked for, each once: the product of channels and res, the points, the preset's.

        Where none of them is given: 64 and 256 channels at 56x56. With networks they are of the networks' input, and it is
        3 channels at 224x224.
        """
        spec = self.effective()
        product = tuple((c, h, w) for c in spec.channels for h, w in spec.res)
        return tuple(
            dict.fromkeys(product + self.points + (PRESETS[self.preset].points if self.preset else ()))
        )

    @property
    def processes(self) -> int:
        """How many fresh processes stand behind a figure at most."""
        return PROCESSES[self.quality]

    @property
    def target(self) -> float:
        """Half of the interval's width, as a share, at which a process leaves a cell."""
        return (
            self.precision
            if self.precision is not None
            else QUICK_TARGET
            if self.quality == "quick"
            else TARGET
        )

    def effective(self) -> "Spec":
        """This Spec with the sizes it leaves out filled in, and without the folder it was first written to."""
        product = self.channels or self.res or not (self.points or self.preset)
        channels, side = ((3,), 224) if self.networks else ((64, 256), 56)
        sizes = {"channels": self.channels or channels, "res": self.res or ((side, side),)} if product else {}
        return self.model_copy(update={**sizes, "output": None})

    def to_toml(self) -> str:
        """This Spec as a TOML file that gives it again."""
        tables: dict[str, Any] = {}
        for field, value in self.model_dump(mode="json").items():
            default = type(self).model_fields[field].default
            if field == "set":
                sweeps = {
                    m: {n: ["none" if v is None else v for v in axis] for n, axis in s.items()}
                    for m, s in value.items()
                }
                tables |= {"variants": sweeps} if sweeps else {}
            elif field == "budget":
                tables |= {"budget": as_table(self.budget)} if value else {}
            elif value is None or value == []:
                # What was left out stays out; what was switched off says so.
                tables.setdefault(SECTIONS[field], {}).update(
                    {} if default in (None, ()) else {field: "none"}
                )
            else:
                tables.setdefault(SECTIONS[field], {})[field] = value
        return tomli_w.dumps(tables)


SECTIONS = {name: str(info.json_schema_extra["section"]) for name, info in Spec.model_fields.items()}  # type: ignore[index] # each field is made by _field


def _says(error: Any) -> str:
    text, given = str(error["msg"]), error["input"]
    if error["type"] == "value_error":
        return text.removeprefix("Value error, ")
    if error["type"] == "literal_error":
        return f"{given!r} is not one of {error['ctx']['expected']}"
    if error["type"] == "bool_parsing":
        return f"{given!r} is neither true nor false"
    return f"{text}, got {given!r}"


def _field_of(error: Any) -> tuple[str, str]:
    head, *rest = error["loc"]
    return str(head), "".join(f"[{part}]" for part in rest if isinstance(part, int))
