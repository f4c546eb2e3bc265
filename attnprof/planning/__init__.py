"""From a Spec to a Plan: names resolved, sweeps multiplied, impossible cells explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from attnprof.backends import GPU_ALONE, Arithmetic
from attnprof.catalogue import entry, file_hash, source_hash
from attnprof.catalogue.entry import Entry
from attnprof.catalogue.selection import ConfiguredModule
from attnprof.catalogue.user_location import file_at
from attnprof.catalogue.values import Value, is_staged
from attnprof.errors import UsageError
from attnprof.grid import Point, show_input
from attnprof.metrics import COUNTED, METRICS, ONCE, Metric
from attnprof.planning.baselines import baselines_of, keys_named
from attnprof.planning.placements import Placement, choices, placements
from attnprof.planning.refusals import Refusals
from attnprof.planning.shards import PlannedCell, shard
from attnprof.records.case import Case, device_kind
from attnprof.runtimes import RUNTIMES, require_available
from attnprof.spec import Spec
from attnprof.spec.fields import AUTO, USUAL


@dataclass(frozen=True)
class Plan:
    """What a run does. Everything is resolved: who carries it out looks no name up, and reads no spec."""

    spec: Spec  # as it is written beside the results
    device: str  # 'cpu', 'cuda:0'; 'meta' where everything is counted
    cells: tuple[PlannedCell, ...]  # in the order of the spec
    placements: tuple[str, ...]  # of the cells of all shards, each once, in the order of the spec
    metrics: Mapping[str, Metric]  # by name, in the order of the spec
    threads: int
    arithmetic: Arithmetic  # the liberties that a GPU has
    memory_limit: int | None  # bytes that a case may allocate; None: nine tenths of what is free
    allow_busy: bool  # whether a device that others compute on is used, too
    processes: int  # fresh worker processes behind every measured figure, at most
    time_budget: float | None  # seconds of the whole run; None: no end, unless the run plans its own
    auto_budget: bool  # whether the run plans its time
    timeout: float | None  # seconds until a worker that does not respond is stopped
    precision: float  # half of the interval's width, as a share, at which a process leaves a case
    spread: bool  # show quartiles instead of a confidence interval
    race: bool  # whether later processes measure only the cells whose place is open
    named: frozenset[str]  # keys of the cells whose modules the user named: they are measured to the end
    baselines: tuple[Case, ...]  # the cases that others' latencies are divided by, one for each condition
    peak_dtypes: tuple[str, ...]  # for which the device's peaks are measured
    fail_fast: bool  # stop at the first case that fails
    seed: int

    @property
    def timed(self) -> bool:
        """Whether anything is measured, besides counted."""
        return bool(self.measured_metrics)

    @property
    def counted_metrics(self) -> tuple[str, ...]:
        """Names of the metrics that are known before anything is measured."""
        return tuple(name for name, metric in self.metrics.items() if metric.needs in COUNTED)

    @property
    def measured_metrics(self) -> tuple[str, ...]:
        """Names of the metrics that the first process measures."""
        return tuple(name for name, metric in self.metrics.items() if metric.needs not in COUNTED)

    @property
    def repeated_metrics(self) -> tuple[str, ...]:
        """Names of the metrics that every process measures."""
        return tuple(name for name in self.measured_metrics if self.metrics[name].needs not in ONCE)

    @property
    def counters_run(self) -> bool:
        """Whether a metric needs another counter."""
        return any(metric.needs == "counters" for metric in self.metrics.values())

    @property
    def needs_peaks(self) -> bool:
        """Whether a metric needs what the device can do at best."""
        return any("peaks" in (metric.needs, *metric.also) for metric in self.metrics.values())


def plan(spec: Spec, device: str | None = None) -> Plan:
    """The plan of ``spec`` on ``device``, 'cpu' or 'cuda:0'; None: that of the spec, or the best one for
    auto. Raises UsageError for what the device or a runtime has no use for, EnvironmentProblem for a
    runtime that is not installed."""
    metrics = _metrics(spec)
    device = _device(spec, metrics, device)
    if device == "cpu" and (problem := _wants_a_gpu(spec)):
        raise UsageError(f"{device}: {problem}")
    all_cells = _cells(spec, device)
    _require_runtimes(all_cells)
    cells = shard(all_cells, spec.shard)
    baselines = baselines_of(spec, [cell.case for cell in cells if not cell.refusal])
    return Plan(
        spec=spec,
        device=device,
        cells=cells,
        placements=tuple(dict.fromkeys(cell.case.placement for cell in all_cells)),
        metrics=metrics if baselines else _without_baseline(metrics),
        threads=spec.threads,
        arithmetic=spec.arithmetic,
        memory_limit=spec.memory_limit,
        allow_busy=spec.allow_busy,
        processes=spec.processes,
        time_budget=spec.time_budget if isinstance(spec.time_budget, float) else None,
        auto_budget=spec.time_budget == AUTO,
        timeout=spec.timeout,
        precision=spec.target,
        spread=spec.quality == "quick",
        race=spec.quality == "standard",
        named=keys_named(spec, [cell.case for cell in cells]),
        baselines=baselines,
        peak_dtypes=(spec.dtype, spec.autocast) if spec.autocast else (spec.dtype,),
        fail_fast=spec.fail_fast,
        seed=spec.seed,
    )


def _cells(spec: Spec, device: str) -> tuple[PlannedCell, ...]:
    """All cells of ``spec``, each once: by mode, then point, batch, runtime and module."""
    placed = [(each, _settled(each)) for each in (placements(spec) if spec.networks else _alone(spec))]
    modes = ("eval", "train") if spec.train else ("eval",)
    cells: dict[Case, PlannedCell] = {}
    executions = ("eager",) if device == "meta" else spec.executions
    refusals = Refusals()
    grid = product(modes, spec.grid(), spec.batches, executions)
    for (mode, point, batch, execution), (placement, settled) in product(grid, placed):
        case = _case(spec, placement, settled, point, batch, device, mode, execution)
        cells.setdefault(case, _cell(placement, settled, case, refusals))
    return tuple(cells.values())


def _alone(spec: Spec) -> list[Placement]:
    """The modules of ``spec``, in no network."""
    return [_alone_as(choice) for choice in choices(spec)]


def _alone_as(choice: ConfiguredModule | Placement) -> Placement:
    """Raises UsageError for settings of several stages."""
    if isinstance(choice, Placement):
        return choice
    for name, value in choice.settings:
        if is_staged(value) and not entry(choice.module).takes_text(name):
            raise UsageError(
                f"{choice.module}.{name}: {value} gives each stage of a network its own; name a network"
            )
    settings = entry(choice.module).settings(dict(choice.settings))
    return Placement(choice.module, tuple(settings.items()), choice.variant)


def _require_runtimes(cells: Sequence[PlannedCell]) -> None:
    """Raises UsageError where a runtime does not run its cases at all, EnvironmentProblem where one is not
    installed."""
    cases = {(cell.case.execution, cell.case.mode, cell.case.batch): cell.case for cell in cells}.values()
    refusals = dict.fromkeys(RUNTIMES.get(case.runtime).refusal(case) for case in cases)
    if any(refusals):
        raise UsageError(f"--runtime: {'; '.join(filter(None, refusals))}")
    require_available(case.runtime for case in cases)


@dataclass(frozen=True)
class _Settled:
    """What the cases of a placement share at all sizes."""

    settings: dict[str, Value]  # sorted by name
    source: str  # hash of the files of a user's module and network
    module: Entry | None  # None: it cannot be imported


def _settled(placement: Placement) -> _Settled:
    module = None if placement.problem else entry(placement.module)
    source = _source_hash(placement) + placement.source
    return _Settled(dict(sorted(placement.settings)), source, module)


def _case(
    spec: Spec,
    placement: Placement,
    settled: _Settled,
    point: Point,
    batch: int,
    device: str,
    mode: str,
    execution: str,
) -> Case:
    channels, height, width = point
    counted = device == "meta"
    return Case(
        module=placement.module,
        channels=channels,
        height=height,
        width=width,
        hyperparameters=settled.settings,
        variant=placement.variant,
        source=settled.source,
        host=placement.host,
        place=placement.place,
        network_input=show_input(point) if placement.host else "",
        batch=batch,
        dtype=spec.dtype,
        autocast=spec.autocast or "",
        layout="channels_last" if spec.channels_last else "contiguous",
        device=device_kind(device),
        threads=0 if counted else spec.threads,
        mode=mode,
        execution=execution,
        inputs="hot" if spec.hot else "cold",
        tf32=spec.tf32 and not counted,
        seed=spec.seed,
    )


def _cell(placement: Placement, settled: _Settled, case: Case, refusals: Refusals) -> PlannedCell:
    module = settled.module
    if module is None:
        return PlannedCell(case, None, placement.problem, is_failed=True)
    if placement.host:
        # The size that the module meets there shows when the network is built.
        return PlannedCell(case, module, placement.refusal or None)
    return PlannedCell(case, module, refusals.of(module, case))


def _source_hash(placement: Placement) -> str:
    """SHA-256 of the file of a module that is not part of attnprof, else empty."""
    if placement.problem:
        return file_hash(file_at(placement.module))
    return source_hash(placement.module)


def _metrics(spec: Spec) -> dict[str, Metric]:
    """The metrics of a run of ``spec``, by name. Raises UsageError where none is left."""
    metrics = [metric for metric in _chosen_metrics(spec) if metric.counter in ("", *spec.counters)]
    if spec.no_latency:
        metrics = [metric for metric in metrics if metric.needs in COUNTED]
    if not metrics:
        raise UsageError("--metrics: nothing is left to find, with --no-latency or these --counters")
    return {metric.name: metric for metric in metrics}


def _without_baseline(metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """Those of ``metrics`` that need no baseline."""
    return {name: metric for name, metric in metrics.items() if metric.needs != "baseline"}


def _chosen_metrics(spec: Spec) -> list[Metric]:
    """The metrics that ``spec`` names, and the usual ones where it names those, or none."""
    names = [name for name in spec.metrics if name != USUAL]
    metrics = [METRICS.get(name) for name in names]
    if metrics and USUAL not in spec.metrics:
        return metrics
    others = (METRICS.get(name) for name in METRICS.names() if name not in names)
    return metrics + [metric for metric in others if metric.usual]


def _device(spec: Spec, metrics: Mapping[str, Metric], device: str | None) -> str:
    """Where a run of ``spec`` takes place: on meta tensors where all of its metrics are counted, else on
    ``device``, or that of the spec."""
    if all(metric.needs in COUNTED for metric in metrics.values()):
        return "meta"
    if device:
        return device
    return _best_device() if spec.device == "auto" else spec.device


def _wants_a_gpu(spec: Spec) -> str:
    """Why ``spec`` cannot be measured on a CPU; empty where it can."""
    problems = (text for (field, value), text in GPU_ALONE.items() if getattr(spec, field) == value)
    return next(problems, "")


def _best_device() -> str:
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"
