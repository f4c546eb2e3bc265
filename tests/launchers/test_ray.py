"""Lanes of a real Ray cluster: two nodes on this machine, a custom resource in place of a GPU."""

import os
from collections import Counter
from pathlib import Path

import pytest

ray = pytest.importorskip("ray")

from ray.cluster_utils import Cluster  # noqa: E402

from attnprof.errors import EnvironmentProblem, UsageError  # noqa: E402
from attnprof.launchers import WORKER, Demand, Start, lanes_of  # noqa: E402
from attnprof.launchers._ray import BESIDE_DAEMONS, leases_of  # noqa: E402
from attnprof.launchers._ray_address import ClusterWish  # noqa: E402
from attnprof.planning import plan  # noqa: E402
from attnprof.records.environment import joined  # noqa: E402
from attnprof.records.record import AccountEvent, DoneEvent  # noqa: E402
from attnprof.running import Run  # noqa: E402
from attnprof.running.client import setup_for  # noqa: E402
from attnprof.running.hello import greeted  # noqa: E402
from attnprof.running.lanes import Group, LanesRun  # noqa: E402
from attnprof.spec import Spec  # noqa: E402
from tests.pages import ROOT  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("ray"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"
    ),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
TRIES = 3  # to start a cluster: on a busy machine Ray gives up
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "PYTHONPATH": str(ROOT),
}
SMALL = {"object_store_memory": 80 * 2**20}
TWO = {"num_cpus": 1, "resources": {"device": 1}, **SMALL}


@pytest.fixture(scope="module")
def cluster():
    """A head without cores, and two nodes with a device each."""
    before = dict(os.environ)
    os.environ.update(SETTINGS)
    started = started_cluster()
    yield started
    ray.shutdown()
    started.shutdown()
    os.environ.clear()
    os.environ.update(before)


def started_cluster():
    """Where Ray gives up, its own log is shown, and it is tried again."""
    for _ in range(TRIES):
        one = Cluster()
        try:
            one.add_node(num_cpus=0, include_dashboard=False, **SMALL)
            for _ in range(2):
                one.add_node(**TWO)
            return one
        except Exception as problem:  # noqa: BLE001 # Ray raises nothing narrower
            print(f"Ray did not start: {problem}\n{last_words()}")
            one.shutdown()
    return pytest.fail("no Ray cluster after three tries")


def last_words():
    """The end of each of Ray's logs."""
    logs = Path("/tmp/ray/session_latest/logs").glob("*.out")
    return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-500:]}" for log in logs)


def on(cluster, spec, device="meta"):
    """A run of ``spec`` on the cluster's devices, ready to go."""
    place = f"ray:{cluster.address},resource=device"
    lanes, refusals = greeted(lanes_of(place, Demand(device, 1)), setup_for(spec))
    environments = {lane.run_id: lane.environment for lane in lanes}
    return LanesRun([Group(plan(spec, device), lanes)], {**joined(environments)}), refusals


def figures(events):
    return {event.key: event.measurements for event in events if isinstance(event, AccountEvent)}


def grid(count):
    channels = ",".join(str(16 * number) for number in range(1, count + 1))
    sizes = ",".join(map(str, range(7, 27)))
    return Spec(modules="se,eca,none,cbam", channels=channels, res=sizes, counters="none", no_latency=True)


def test_a_worker_answers_through_its_actor_and_is_gone_once_it_is_killed(cluster):
    (lane, _) = lanes_of(f"ray:{cluster.address},resource=device", Demand("meta", 1))
    link = lane.open(Start(WORKER, {}, b"mine "))
    with pytest.raises(TimeoutError):
        link.line(0.01)
    link.kill()
    link.kill()
    assert [link.line(30), link.line(30)] == [b"", b""]
    link.write(b"x")
    lane.close()


def test_a_lane_without_room_says_for_how_long_it_has_waited(cluster):
    (lane,) = lanes_of(f"ray:{cluster.address},resource=absent,lanes=1,wait=1", Demand("meta", 1))
    with pytest.raises(EnvironmentProblem, match="no room for one absent within 1 s"):
        lane.open(Start(WORKER, {}, b"mine "))


def test_a_few_cells_are_measured_and_counted_as_in_a_plain_run(cluster):
    spec = Spec(modules="se,none", channels="16", res="8", counters="none", device="cpu", time_budget="4s")
    run, refusals = on(cluster, spec, "cpu")
    events = list(run)
    done = [event for event in events if isinstance(event, DoneEvent)]
    assert [event.status for event in done] == ["ok"] * 2
    assert figures(events) == figures(Run(plan(spec, "cpu")))
    assert [*refusals] == ["ray1"]  # both nodes are one machine
    assert "they would disturb each other" in refusals["ray1"]


def test_2000_cells_end_once_each_with_the_counts_of_a_plain_run_though_a_node_is_killed(cluster, capsys):
    spec = grid(25)
    run, _ = on(cluster, spec)
    events, done = [], Counter()
    for event in run:
        events.append(event)
        if isinstance(event, DoneEvent):
            done[event.key] += 1
            if done.total() == 300:
                cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)
    assert not run.stop
    assert len(done) == done.total() == 2000
    assert figures(events) == figures(Run(plan(spec, "meta")))
    assert capsys.readouterr().out == ""  # where the table goes
    assert sum("retired" in each for each in run.environment["runs"].values()) == 1


def test_where_no_cluster_answers_is_said_at_once(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(EnvironmentProblem, match="no Ray cluster at 127.0.0.1:1: "):
        lanes_of("ray:127.0.0.1:1", Demand("meta", 1))


NODES = [
    {"NodeID": "a", "NodeManagerHostname": "one", "Resources": {"CPU": 8.0, "GPU": 2.0}},
    {"NodeID": "b", "NodeManagerHostname": "two", "Resources": {"CPU": 4.0, "GPU": 1.0, "chip": 4.0}},
]


@pytest.mark.parametrize(
    ("wish", "device", "words"),
    [
        (ClusterWish(), "auto", ["one GPU"] * 3),
        (ClusterWish(), "cuda", ["one GPU"] * 3),
        (ClusterWish(lanes=5), "cuda", ["one GPU"] * 5),
        (ClusterWish(), "cpu", ["all 8 cores of one", "all 4 cores of two"]),
        (ClusterWish(lanes=1), "cpu", ["all 8 cores of one"]),
        (ClusterWish(), "meta", ["one core"] * 12),
        (ClusterWish(resource="chip"), "auto", ["one chip"] * 4),
    ],
)
def test_a_lane_leases_a_gpu_a_resource_or_all_cores_of_a_node(wish, device, words):
    assert [lease.words for lease in leases_of(NODES, wish, Demand(device, 1))] == words


def test_more_nodes_than_there_are_is_the_users_mistake_and_no_gpu_the_clusters():
    with pytest.raises(UsageError, match="2 nodes"):
        leases_of(NODES, ClusterWish(lanes=3), Demand("cpu", 1))
    with pytest.raises(EnvironmentProblem, match="no GPU now"):
        leases_of([], ClusterWish(), Demand("cuda", 1))


def test_processors_are_measured_with_a_word_of_caution(cluster):
    lanes = lanes_of(f"ray:{cluster.address}", Demand("cpu", 1))
    assert {lane.caution for lane in lanes} == {BESIDE_DAEMONS}
