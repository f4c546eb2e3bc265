"""From a Spec to its cases: names resolved, sweeps multiplied, impossible cells explained."""

from dataclasses import dataclass

from attnprof.catalogue import entry, selection, source_hash
from attnprof.catalogue.values import is_staged
from attnprof.errors import UsageError
from attnprof.grid import Point
from attnprof.metrics import COUNTED, METRICS, Metric
from attnprof.planning.placements import Placement, placements
from attnprof.planning.shards import Cell, shard
from attnprof.records.case import Case
from attnprof.spec import Spec
from attnprof.spec.fields import USUAL


@dataclass(frozen=True)
class Plan:
    """What a run will do: its cells in the order asked for, and the metrics of each."""

    spec: Spec
    device: str
    cells: tuple[Cell, ...]
    metrics: tuple[str, ...]

    @property
    def timed(self) -> bool:
        """Whether anything has to be measured, besides counted."""
        return any(metric(name).needs not in COUNTED for name in self.metrics)


def metric(name: str) -> Metric:
    """The metric ``name``."""
    found: Metric = METRICS.get(name)
    return found


def plan(spec: Spec, device: str | None = None) -> Plan:
    """The plan of ``spec`` on ``device`` ('cpu', 'cuda:0'); where it is None and the spec says auto, the best there is."""
    metrics = _metrics(spec)
    if not metrics:
        raise UsageError("--metrics: nothing is left to find, with --no-latency or these --counters")
    if all(metric(name).needs in COUNTED for name in metrics):
        device = "meta"
    device = device or (_best() if spec.device == "auto" else spec.device)
    modes = ("eval", "train") if spec.train else ("eval",)
    wanted = placements(spec) if spec.networks else _alone(spec)
    cells = [
        _cell(spec, each, point, device, mode) for mode in modes for point in spec.grid() for each in wanted
    ]
    return Plan(spec, device, shard(tuple(dict.fromkeys(cells)), spec.shard), metrics)


def _alone(spec: Spec) -> list[Placement]:
    """The modules that are asked for, in no network."""
    choices = selection.select(spec.modules, spec.variants, spec.set)
    for choice in choices:
        for name, value in choice.settings:
            if is_staged(value):
                raise UsageError(
                    f"{choice.module}.{name}: {value} gives each stage of a network its own; name a network"
                )
    return [
        Placement(c.module, tuple(entry(c.module).settings(dict(c.settings)).items()), c.variant)
        for c in choices
    ]


def _cell(spec: Spec, placed: Placement, point: Point, device: str, mode: str) -> Cell:
    known = entry(placed.module)
    channels, height, width = point
    settings = dict(placed.settings)
    counted = device == "meta"
    case = Case(
        module=placed.module,
        channels=channels,
        height=height,
        width=width,
        hyperparameters=tuple(sorted(settings.items())),
        variant=placed.variant,
        source=source_hash(placed.module) + placed.source,
        host=placed.host,
        place=placed.place,
        network_input=f"{height}x{width}" if placed.host else "",
        batch=spec.batch,
        dtype=spec.dtype,
        autocast=spec.autocast or "",
        layout="channels_last" if spec.channels_last else "contiguous",
        device=device,
        threads=0 if counted else spec.threads,
        mode=mode,
        execution="compiled" if spec.compile and not counted else "eager",
        inputs="hot" if spec.hot else "cold",
        seed=spec.seed,
    )
    if placed.host:
        return Cell(case)  # what the module meets there, and whether it fits, shows when the network is built
    return Cell(case, known.refusal(*point, settings, batch=spec.batch, train=mode == "train"))


def _metrics(spec: Spec) -> tuple[str, ...]:
    wanted = tuple(name for name in spec.metrics if name != USUAL)
    if USUAL in spec.metrics or not wanted:
        wanted += tuple(name for name in METRICS.names() if metric(name).usual and name not in wanted)
    if spec.no_latency:
        wanted = tuple(name for name in wanted if metric(name).needs in COUNTED)
    return tuple(name for name in wanted if not metric(name).counter or metric(name).counter in spec.counters)


def _best() -> str:
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"
