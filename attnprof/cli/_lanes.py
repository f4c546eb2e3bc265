"""A run on several lanes: ``--on local:2``, ``--on ssh:host1,host2``."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

from msgspec import structs

from attnprof.cli._files import require_files_of, sent_files
from attnprof.cli._measuring import (
    Ends,
    claimed,
    earlier_cells,
    finisher,
    measure,
    note_figures,
    request_of,
    require_cells_of,
    slug,
)
from attnprof.cli._progress import starting
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.launchers import Demand, Lane, lanes_of
from attnprof.planning import plan
from attnprof.records.case import device_kind
from attnprof.records.environment import CELLS, LANES, SPEC_TEXT, Environment, joined, kind_of_lane
from attnprof.records.files import file_in
from attnprof.records.journal import SPEC, Journal, events_in, new_folder, require_spec
from attnprof.records.record import Event
from attnprof.running import runtimes_of
from attnprof.running.client import setup_for, start_worker
from attnprof.running.hello import LaneWorkers, greeted
from attnprof.running.lanes import Group, LanesRun
from attnprof.runtimes import RUNTIMES
from attnprof.spec import Spec
from attnprof.spec.file import from_file, merge, recorded

HERE = "local"
VISIBLE = "visible_devices"  # of an environment: the names of all devices that its worker sees
WHOLE = (
    "schema",
    "run_id",
    "started",
    SPEC_TEXT,
)  # what stays of a run's environment when it goes on


def execute_on_lanes(spec: Spec, terminal: Terminal, started: float) -> int:
    """Measure ``spec`` on the lanes that it names, into a new run folder. The exit code is returned."""
    with claimed(spec.output), _ready_lanes(spec, spec.on or HERE, terminal) as lanes:
        groups = _groups(spec, lanes)
        _require_models_here(groups)
        environment = _environment_of(groups, lanes)
        folder = Path(spec.output) if spec.output else new_folder(spec.name, slug(lanes[0].environment))
        with Journal.create(folder) as journal:
            environment = journal.begin(spec.effective().to_toml(), environment)
            return _carry_out(LanesRun(groups, environment, started), journal, {}, terminal)


def resume_on_lanes(
    folder: Path, environment: Environment, format: str | None, on: str | None, terminal: Terminal
) -> int:
    """Finish the run in ``folder``, which was begun on lanes, on those of ``on`` or of its spec."""
    started = monotonic()
    require_spec(folder, environment)
    require_files_of(environment, recorded(file_in(folder, SPEC)), folder, terminal)
    spec = merge([from_file(file_in(folder, SPEC))])
    place = on or spec.on or HERE
    if not on and place.partition(":")[0] != HERE:
        terminal.warn(f"workers start by {place}, as the run was begun")
    with Journal(folder) as journal:
        events = events_in(folder)
        with _ready_lanes(spec, place, terminal, environment) as lanes:
            groups = _groups(spec, lanes, environment, events)
            _require_models_here(groups)
            environment = _environment_of(groups, lanes, environment)
            for group in groups:
                require_cells_of(group.plan, group.earlier, folder)
            journal.describe(environment)
            this = LanesRun(groups, environment, started)
            if format is not None:
                shown = spec.model_copy(update={"format": format})
                this.plan = replace(this.plan, spec=shown)
            before = earlier_cells(events)
            note_figures(len(before.keys), len(this.plan.cells), terminal)
            return _carry_out(this, journal, before.ends, terminal)


def _carry_out(this: LanesRun, journal: Journal, ends: Ends, terminal: Terminal) -> int:
    """ends: those of before, to which those of this run are added."""
    finish = finisher()
    is_interrupted = measure(this, journal, this.environment, ends, terminal)
    return finish(this.plan, journal.folder, this.environment, ends, is_interrupted, terminal)


@contextmanager
def _ready_lanes(
    spec: Spec, place: str, terminal: Terminal, before: Environment | None = None
) -> Iterator[list[LaneWorkers]]:
    """The lanes of ``place`` that can share the run, each with a worker; closed in the end."""
    with starting(terminal):
        lanes = _lanes(spec, place)
        files = sent_files(spec) if any(lane.is_remote for lane in lanes) else ()
        setup = structs.replace(setup_for(spec), files=files)
        ready, refusals = greeted(lanes, setup, spec.mixed, before)
    for name, reason in refusals.items():
        terminal.warn(f"{name} is refused: {reason}")
    for caution in dict.fromkeys(each.lane.caution for each in ready if each.lane.caution):
        terminal.warn(caution)
    try:
        yield ready
    finally:
        for each in ready:
            each.close()


def _lanes(spec: Spec, place: str) -> list[Lane]:
    device = setup_for(spec).device
    devices: tuple[str, ...] = ()
    if place.partition(":")[0] == HERE and device.partition(":")[0] not in ("meta", "cpu"):
        devices = _devices_here(spec)
    return lanes_of(place, Demand(devices[0] if devices else device, spec.threads, devices))


def _devices_here(spec: Spec) -> tuple[str, ...]:
    """The devices of this machine that ``spec`` may mean: 'cuda:0', 'cuda:1'. A worker says it: this process
    touches none."""
    if ":" in spec.device:
        return (spec.device,)
    worker = start_worker(structs.replace(setup_for(spec), allow_busy=True))
    try:
        environment = worker.environment
    finally:
        worker.kill()
    kind = device_kind(environment["device"])
    return tuple(f"{kind}:{number}" for number, _ in enumerate(_visible(environment))) or (kind,)


def has_several_devices(spec: Spec, environment: Environment) -> bool:
    """Whether ``spec`` means several devices of one kind, by the environment of a worker on one of them."""
    names = _visible(environment)
    return ":" not in spec.device and len(names) > 1 and len(set(names)) == 1


def _visible(environment: Environment) -> list[str]:
    return list(environment.get(VISIBLE, ()))


def _groups(
    spec: Spec,
    lanes: Sequence[LaneWorkers],
    before: Environment | None = None,
    events: Sequence[Event] = (),
) -> list[Group]:
    """The lanes by their kind, each kind with a plan of its own. Kinds of before that have no lane now are
    among them."""
    runs: dict[str, Environment] = {**(before or {}).get("runs", {})}
    runs |= {each.run_id: each.environment for each in lanes}
    kinds = {run: kind_of_lane(environment) for run, environment in runs.items()}
    devices = {kinds[run]: str(environment["device"]) for run, environment in runs.items()}
    return [
        Group(
            plan(spec, device),
            [each for each in lanes if kinds[each.run_id] == kind],
            [event for event in events if kinds[event.run] == kind],
        )
        for kind, device in devices.items()
    ]


def _require_models_here(groups: Sequence[Group]) -> None:
    """Raises UsageError where a lane on another machine would have to read a file of this one."""
    for group in groups:
        remote = [each.name for each in group.lanes if each.lane.is_remote]
        names = dict.fromkeys(cell.case.runtime for cell in group.plan.cells)
        exported = [name for name in names if RUNTIMES.get(name).exporter]
        if remote and exported:
            raise UsageError(
                f"--runtime {','.join(exported)}: modules are exported on this machine, and {remote[0]} is"
                " another; run it there"
            )


def _environment_of(
    groups: Sequence[Group], lanes: Sequence[LaneWorkers], before: Environment | None = None
) -> Environment:
    """The environment of the whole run: what its lanes share, and each of them."""
    before = before or {}
    request = request_of(groups[0].plan)
    for group in groups:
        for each in group.lanes:
            each.environment = {**each.environment, **runtimes_of(group.plan), **request}
    runs = {**before.get("runs", {}), **{each.run_id: each.environment for each in lanes}}
    return {
        **joined(runs),
        **{name: before[name] for name in WHOLE if name in before},
        **request,
        CELLS: sum(len(group.plan.cells) for group in groups),
        LANES: {**before.get(LANES, {}), **{each.name: each.run_id for each in lanes}},
    }
