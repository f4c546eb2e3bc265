"""The lanes of a run say hello: what each runs on, and whether that goes together."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from attnprof.backends._lock import DeviceLock
from attnprof.errors import AttnprofError, EnvironmentProblem
from attnprof.launchers import Lane
from attnprof.measuring.bound import Peaks
from attnprof.records.environment import Environment, begun, kind_of_lane
from attnprof.running.client import Worker, WorkerGone, WorkerSlot
from attnprof.running.protocol import SetupRequest

ALWAYS = ("attnprof_version",)  # what lanes of different kinds agree on as well


class LaneWorkers:
    """The workers of one lane, of which there is one at a time."""

    def __init__(self, lane: Lane, setup: SetupRequest) -> None:
        self.lane = lane
        self.environment: Environment = {}  # once it has said hello
        self.losses = 0
        self._lock: DeviceLock | None = None
        self._is_shared = setup.allow_busy  # whether the device may be others', too
        device = lane.device if lane.device and setup.device != "meta" else setup.device
        files = setup.files if lane.is_remote else ()
        whole = msgspec.structs.replace(setup, device=device, files=files)
        self.slot = WorkerSlot(partial(self.start, whole))

    def start(self, setup: SetupRequest) -> Worker:
        """A worker in this lane."""
        return Worker(setup, launch=self.lane.open)

    @property
    def name(self) -> str:
        """The lane's."""
        return self.lane.name

    @property
    def run_id(self) -> str:
        """The id that its events have."""
        return str(self.environment["run_id"])

    @property
    def device(self) -> str:
        """As a line of progress has it."""
        return str(self.environment.get("device_name") or self.environment.get("device", ""))

    @property
    def peaks(self) -> Peaks | None:
        """What its device can do at best, once that is measured."""
        return Peaks.from_json(self.environment["peaks"]) if "peaks" in self.environment else None

    def greet(self) -> str:
        """Start a worker and take its environment. Why that cannot be done; empty where it can."""
        try:
            worker = self.slot.ready()
        except (AttnprofError, WorkerGone) as problem:
            self.slot.stop()
            return str(problem)
        if reason := self._claim(worker.environment):
            self.slot.stop()
            return reason
        lease = {"lease": self.lane.lease} if self.lane.lease else {}
        self.environment = {**worker.environment, **lease, "lane": self.name}
        return ""

    def _claim(self, environment: Environment) -> str:
        """Hold the device for the whole run: between two workers it is nobody's. Why that cannot be; empty
        where it is ours."""
        uuid = environment.get("device_uuid")
        if not uuid or self._is_shared or self.lane.is_remote:
            return ""
        self._lock = DeviceLock(f"{uuid}-run")
        return "" if self._lock.acquire() else "a lane of another run holds it; wait, or --allow-busy"

    def close(self) -> None:
        """End its worker, whoever waits for it, and give the lane back."""
        self.slot.close()
        if self._lock is not None:
            self._lock.release()
        self.lane.close()


def greeted(
    lanes: Sequence[Lane], setup: SetupRequest, is_mixed: bool = False, before: Environment | None = None
) -> tuple[list[LaneWorkers], dict[str, str]]:
    """The lanes that can share a run, each with a worker that is ready, and lane -> why another cannot.

    is_mixed: lanes of another kind than the first may stay. before: environment of a run that they continue.
    Raises EnvironmentProblem where none is left.
    """
    everybody = [LaneWorkers(lane, setup) for lane in lanes]
    refusals = _problems(everybody)
    refusals |= _differing(_without(refusals, everybody), is_mixed, before)
    refusals |= _crowding(_without(refusals, everybody))
    ready = _without(refusals, everybody)
    for each in set(everybody).difference(ready):
        each.close()
    if not ready:
        raise EnvironmentProblem("; ".join(f"{name}: {reason}" for name, reason in refusals.items()))
    _identify(ready, before or {})
    return ready, refusals


def _without(refusals: Mapping[str, str], lanes: Sequence[LaneWorkers]) -> list[LaneWorkers]:
    return [each for each in lanes if each.name not in refusals]


def _problems(everybody: Sequence[LaneWorkers]) -> dict[str, str]:
    """Greet all at once: lane -> why it does not answer."""
    try:
        with ThreadPoolExecutor(len(everybody)) as executor:
            problems = list(executor.map(LaneWorkers.greet, everybody))
    except BaseException:
        for each in everybody:
            each.close()
        raise
    return {each.name: problem for each, problem in zip(everybody, problems, strict=True) if problem}


def _differing(ready: Sequence[LaneWorkers], is_mixed: bool, before: Environment | None) -> dict[str, str]:
    """Lane -> in what it differs from the run that is continued, or from the first lane."""
    if not ready:
        return {}
    first, where = ready[0].environment, ready[0].name
    if before:
        first, where = next(iter(before["runs"].values())), "the run"
    reasons = {each.name: difference(each.environment, first, where, is_mixed) for each in ready}
    return {name: reason for name, reason in reasons.items() if reason}


def _crowding(lanes: Sequence[LaneWorkers]) -> dict[str, str]:
    """Lane -> with which one before it it would share cores, where processors are measured."""
    reasons: dict[str, str] = {}
    owners: dict[str, str] = {}  # of cores
    for each in lanes:
        cores = each.environment.get("core_numbers", ()) if each.environment["device"] == "cpu" else ()
        if owner := next((owners[core] for core in cores if core in owners), None):
            reasons[each.name] = f"it has cores of {owner}, and they would disturb each other; see taskset"
            continue
        owners |= dict.fromkeys(cores, each.name)
    return reasons


def difference(environment: Environment, first: Environment, where: str, is_mixed: bool = False) -> str:
    """Why a lane with ``environment`` does not go with the ``first``, which is that of ``where``; empty where
    it does."""
    ours, theirs = dict(kind_of_lane(first)), dict(kind_of_lane(environment))
    names = [name for name in ours if theirs[name] != ours[name] and (not is_mixed or name in ALWAYS)]
    return "; ".join(f"{name} is {theirs[name]}, and {ours[name]} in {where}" for name in names)


def _identify(ready: Sequence[LaneWorkers], before: Environment) -> None:
    """Give each lane the id of its run: that of before, where it is the same lane of the same device."""
    runs = {run.get("lane"): run for run in before.get("runs", {}).values()}
    for each in ready:
        run = runs.get(each.name)
        if run and _place(run) == _place(each.environment):
            each.environment = {name: value for name, value in run.items() if name != "retired"}
        else:
            each.environment = begun(each.environment)


def _place(environment: Environment) -> object:
    return kind_of_lane(environment), environment.get("device_uuid"), environment.get("machine")
