"""Leases of a Ray cluster. An actor holds each, with a worker process as any other; only strings and bytes
cross. Where a lane starts is for Ray to say; from then on it stays on that node, and on that device."""

import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayActorError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.launchers import WORKER, Demand, Lane, Link, Start
from attnprof.launchers._child import Child
from attnprof.launchers._ray_address import MOST_LANES, ClusterWish, read_address

ANSWER_SECONDS = 10.0  # that a cluster has to accept a connection
START_SECONDS = 60.0  # that an actor has to start a process
END_SECONDS = 30.0  # that it has to end one, or to say how it ended
THREADS = {"input": 1, "output": 1, "ending": 1}  # of an actor: what is sent stays in order
BESIDE_DAEMONS = "processors are measured beside Ray's own daemons: latencies may be longer than without them"


class Lease(NamedTuple):
    """What a lane holds of the cluster."""

    options: Mapping[str, object]  # of Ray's actor: {"num_gpus": 1}
    words: str  # what it is, for people
    device: str = ""  # of its workers; empty: that of the run
    node: str = ""  # the id of the node that it has to be on; empty: any


class Seat(NamedTuple):
    """Where a lease is."""

    node: str
    devices: str  # the ids of its accelerators there


def lanes(address: str, demand: Demand) -> list[Lane]:
    """A lane for each lease that the cluster has, or as many as ``address`` says."""
    wish = read_address(address)
    if ":" in demand.device:
        raise UsageError(f"--device {demand.device}: Ray chooses among its GPUs; write --device cuda")
    _connect(wish.cluster)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    leases = leases_of(nodes, wish, demand)
    return [_lane(number, lease, wish, demand) for number, lease in enumerate(leases)]


def _connect(cluster: str) -> None:
    """Join ``cluster``, unless this process belongs to one already. Raises EnvironmentProblem."""
    if ray.is_initialized():
        return
    _require_answer(cluster)
    _keep_off_standard_output()
    on_main_thread = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(cluster, log_to_driver=False, logging_level="ERROR", configure_logging=False)
    except ConnectionError:
        where = "on this machine" if cluster == "auto" else f"at {cluster}"
        raise EnvironmentProblem(f"no Ray cluster {where}: ray start --head, or --on ray:HOST:6379") from None
    except (RuntimeError, ValueError, RayError) as problem:
        raise EnvironmentProblem(f"no Ray cluster at {cluster}: {_gist(problem)}") from None
    finally:
        if on_main_thread:
            signal.signal(signal.SIGTERM, handler)  # Ray sets its own, which would lose the visits at hand


def _require_answer(cluster: str) -> None:
    """Raises EnvironmentProblem where nobody listens at 'host:port': Ray takes minutes to say so."""
    host, _, port = cluster.rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), ANSWER_SECONDS).close()
    except (OSError, OverflowError) as problem:
        raise EnvironmentProblem(f"no Ray cluster at {cluster}: {problem}") from None


def _keep_off_standard_output() -> None:
    """Ray prints what becomes of its nodes on standard output, where the table goes, and has no option
    against it. A lane that is lost says so itself."""
    ray._private.worker.print_to_stdstream = lambda data, ignore_prefix: None


def leases_of(nodes: Sequence[Mapping[str, Any]], wish: ClusterWish, demand: Demand) -> list[Lease]:
    """What each lane is to lease of ``nodes``, as Ray describes them. Raises EnvironmentProblem where there
    is nothing, and UsageError where the wish goes beyond the nodes with processors."""
    if wish.resource:
        one = Lease({"num_cpus": 0, "resources": {wish.resource: 1}}, f"one {wish.resource}")
        return _repeated(one, nodes, wish.resource, wish)
    if not demand.is_timed:
        return _repeated(Lease({"num_cpus": 1}, "one core"), nodes, "CPU", wish)
    if demand.device == "cuda" or (demand.device == "auto" and _amount(nodes, "GPU")):
        return _repeated(Lease({"num_cpus": 0, "num_gpus": 1}, "one GPU", "cuda"), nodes, "GPU", wish)
    return _whole_nodes(nodes, wish)


def _repeated(one: Lease, nodes: Sequence[Mapping[str, Any]], name: str, wish: ClusterWish) -> list[Lease]:
    number = wish.lanes or min(MOST_LANES, _amount(nodes, name))
    if not number:
        raise EnvironmentProblem(f"--on ray: the cluster has no {name} now; lanes=N waits for nodes with one")
    return [one] * number


def _whole_nodes(nodes: Sequence[Mapping[str, Any]], wish: ClusterWish) -> list[Lease]:
    """All cores of a node for each lane: what else Ray runs would disturb it."""
    leases = []
    for node in nodes:
        if cores := int(node["Resources"].get("CPU", 0)):
            words = f"all {cores} cores of {node['NodeManagerHostname']}"
            leases.append(Lease({"num_cpus": cores}, words, "cpu", node["NodeID"]))
    if not leases or wish.lanes > len(leases):
        raise UsageError(f"--on ray: the cluster has {len(leases)} nodes with processors of their own")
    return leases[: wish.lanes or None]


def _amount(nodes: Sequence[Mapping[str, Any]], name: str) -> int:
    return sum(int(node["Resources"].get(name, 0)) for node in nodes)


def _lane(number: int, lease: Lease, wish: ClusterWish, demand: Demand) -> Lane:
    place = LeasedPlace(lease, wish.wait)
    return Lane(
        f"ray{number}",
        place.open,
        lease.device,
        is_remote=True,
        lease=f"Ray: {lease.words}",
        close=place.close,
        caution=BESIDE_DAEMONS if "cpu" in (lease.device, demand.device) else "",
    )


class LeasedPlace:
    """A lane's lease, and the actor that holds it. Where that one is gone, another takes its place on the
    same node and device."""

    def __init__(self, lease: Lease, wait: float) -> None:
        """wait: seconds for which Ray may look for room."""
        self._lease, self._wait = lease, wait
        self._seat: Seat | None = None  # once Ray has found one
        self._actor: Any = None
        self._numbers = count()  # of its workers

    def open(self, what: Start) -> Link:
        """A fresh worker. Raises EnvironmentProblem where there is no room, or the node is gone."""
        try:
            if self._actor is not None:
                with suppress(RayActorError):
                    return RayLink(self._actor, next(self._numbers), what)
            self.close()
            self._actor = self._placed()
            return RayLink(self._actor, next(self._numbers), what)
        except RayError as problem:
            self.close()
            raise EnvironmentProblem(f"Ray: {_gist(problem)}") from None

    def close(self) -> None:
        """Give the lease back. What the actor has started ends with it."""
        actor, self._actor = self._actor, None
        if actor is not None:
            ray.kill(actor)

    def _placed(self) -> Any:
        """An actor that has its lease."""
        options: dict[str, Any] = {**self._lease.options, "max_restarts": 0}
        if node := self._seat.node if self._seat else self._lease.node:
            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(node, soft=False)
        actor = ray.remote(concurrency_groups=THREADS, **options)(Holder).remote()
        try:
            seat = Seat(*ray.get(actor.seat.remote(), timeout=self._wait))
        except TimeoutError:
            ray.kill(actor)
            words = f"Ray had no room for {self._lease.words} within {self._wait:.0f} s"
            raise EnvironmentProblem(words) from None
        if self._seat and seat != self._seat:
            ray.kill(actor)
            raise EnvironmentProblem("Ray gave it another device than before")
        self._seat = seat
        return actor


class Holder:
    """Holds a lease, and the one worker in it. Runs in a process of Ray's, on the node of the lease. Each
    worker has a number, so that nobody speaks to the next one by mistake."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}

    @ray.method(concurrency_group="input")
    def seat(self) -> tuple[str, str]:
        """Where it is."""
        context = ray.get_runtime_context()
        return context.get_node_id(), str(context.get_accelerator_ids())

    @ray.method(concurrency_group="input")
    def start(self, number: int, variables: dict[str, str], prefix: bytes) -> None:
        """Start worker ``number``."""
        command = (sys.executable, *WORKER)
        self._children[number] = Child(command, {**os.environ, **variables}, prefix)

    @ray.method(concurrency_group="input")
    def write(self, number: int, data: bytes) -> None:
        """Send ``data``."""
        if child := self._children.get(number):
            child.write(data)

    @ray.method(concurrency_group="output")
    def lines(self, number: int) -> list[bytes]:
        """All lines that are there, once there is one. Waits for it as long as the worker lives."""
        child = self._children.get(number)
        if child is None:
            return [b""]
        lines = [child.line(None)]
        with suppress(TimeoutError):
            while lines[-1]:
                lines.append(child.line(0))
        return lines

    @ray.method(concurrency_group="ending")
    def ending(self, number: int) -> tuple[int | None, str]:
        """How it ended, and what it printed last."""
        child = self._children.get(number)
        return (child.exit_code(), child.last_line()) if child else (None, "")

    @ray.method(concurrency_group="ending")
    def kill(self, number: int) -> None:
        """End it and whatever it has started."""
        if child := self._children.pop(number, None):
            child.kill()


class RayLink:
    """A worker in the lease of an actor. It is gone where the actor is."""

    def __init__(self, actor: Any, number: int, what: Start) -> None:
        self._actor, self._number = actor, number
        self._lines: deque[bytes] = deque()  # that have come and that nobody has read
        self._coming: Any = None  # Ray's reference to those that will come next
        ray.get(actor.start.remote(number, dict(what.variables), what.prefix), timeout=START_SECONDS)

    def write(self, data: bytes) -> None:
        """Send ``data``; Ray keeps the order."""
        with suppress(RayError):  # line says so
            self._actor.write.remote(self._number, data)

    def line(self, timeout: float | None) -> bytes:
        """The next line; empty where no more will come. Raises TimeoutError after ``timeout`` seconds (None:
        no limit)."""
        if not self._lines:
            self._lines.extend(self._next_lines(timeout))
        return self._lines.popleft() if self._lines[0] else b""

    def exit_code(self) -> int | None:
        """How it ended; None where it goes on, or where nobody can say."""
        return self._ending()[0]

    def last_line(self) -> str:
        """What it printed last on standard error."""
        return self._ending()[1]

    def kill(self) -> None:
        """End it and whatever it has started."""
        with suppress(RayError, TimeoutError):
            ray.get(self._actor.kill.remote(self._number), timeout=END_SECONDS)

    def _next_lines(self, timeout: float | None) -> list[bytes]:
        try:
            self._coming = self._coming or self._actor.lines.remote(self._number)
            lines: list[bytes] = ray.get(self._coming, timeout=timeout)
        except TimeoutError:
            raise TimeoutError from None  # they may come later
        except RayError:
            return [b""]
        self._coming = None
        return lines

    def _ending(self) -> tuple[int | None, str]:
        with suppress(RayError, TimeoutError):
            code, words = ray.get(self._actor.ending.remote(self._number), timeout=END_SECONDS)
            return code, words
        return None, ""


def _gist(problem: Exception) -> str:
    """The line of Ray's message that says why: that of an error in the actor, or of its node's end, or the
    first."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    telling = [line for line in lines if "Error: " in line or "died because its" in line]
    return (telling[-1:] or lines[:1] or [type(problem).__name__])[0]
