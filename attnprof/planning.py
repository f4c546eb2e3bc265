"""From a Spec to its cases: names resolved, sweeps multiplied, impossible cells explained."""

from dataclasses import dataclass

from attnprof import selection
from attnprof.case import Case
from attnprof.catalogue import entry, source_hash
from attnprof.errors import UsageError
from attnprof.metrics import COUNTED, Metric
from attnprof.spec import METRICS, Spec


@dataclass(frozen=True)
class Cell:
    """A case, and why it cannot run where it cannot."""

    case: Case
    refusal: str | None = None


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
    choices = selection.select(spec.modules, spec.variants, spec.set)
    modes = ("eval", "train") if spec.train else ("eval",)
    cells = [_cell(spec, choice, point, device, mode) for mode in modes for point in spec.grid() for choice in choices]
    return Plan(spec, device, tuple(dict.fromkeys(cells)), metrics)


def _cell(spec: Spec, choice: selection.Choice, point: tuple[int, int, int], device: str, mode: str) -> Cell:
    known = entry(choice.module)
    channels, height, width = point
    settings = known.settings(dict(choice.settings))
    counted = device == "meta"
    case = Case(
        module=choice.module,
        channels=channels,
        height=height,
        width=width,
        hyperparameters=tuple(sorted(settings.items())),
        variant=choice.variant,
        source=source_hash(choice.module),
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
    return Cell(case, known.refusal(*point, settings, batch=spec.batch, train=mode == "train"))


def _metrics(spec: Spec) -> tuple[str, ...]:
    wanted = spec.metrics or tuple(METRICS.names())
    if spec.no_latency:
        wanted = tuple(name for name in wanted if metric(name).needs in COUNTED)
    return tuple(name for name in wanted if not metric(name).counter or metric(name).counter in spec.counters)


def _best() -> str:
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"
