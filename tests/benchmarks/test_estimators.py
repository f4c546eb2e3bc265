"""The comparison of estimators: how it makes figures of samples, what it judges them by, and who wins."""

import json
from dataclasses import dataclass, replace
from random import Random
from types import SimpleNamespace

import pytest

from attnprof.backends import Sample
from attnprof.measuring.estimators import ESTIMATORS
from attnprof.running import client
from benchmarks import _sampling, estimators
from benchmarks._estimator_report import (
    COPIES,
    LONG,
    SHORT,
    Scores,
    Way,
    biases,
    copies_off,
    latencies,
    means,
    order,
    ratios,
    score,
    scores,
    table,
    verdicts_of,
    ways,
    winner,
)
from benchmarks._figures import Ran, Share

POINT = "64@56"
LEVELS = {"se": 1.0, "eca": 1.3, "gc": 1.7, COPIES[0]: 1.0, COPIES[1]: 1.0, SHORT: 20.0, LONG: 21.0}
ROUNDS = 30


def way(name="median", place="figures"):
    return Way(ESTIMATORS[name], place)


def run(seed, noise=0.01, processes=4):
    """A run in which each sample is its level and one-sided noise, and each process has a speed."""
    random = Random(seed)
    speeds = [1 + 0.2 * random.random() for _ in range(processes)]
    return [
        {
            (name, POINT): [(n, speed * level * (1 + random.expovariate(1 / noise))) for n in range(ROUNDS)]
            for name, level in LEVELS.items()
        }
        for speed in speeds
    ]


def ran(**figures):
    return Ran("", 0.0, {f"{name}@{POINT}": dict(enumerate(values)) for name, values in figures.items()})


def ran_of_copies(*figures):
    names = (f"{copy}@{POINT}" for copy in COPIES)
    return Ran("", 0.0, {name: {0: figure} for name, figure in zip(names, figures, strict=True)})


def test_every_estimator_makes_a_ratio_in_two_places():
    assert len(ways()) == 2 * len(ESTIMATORS)
    assert len({each.name for each in ways()}) == len(ways())


def test_a_figure_is_what_the_estimator_says_of_the_samples_of_a_process():
    process = {("se", POINT): [(0, 1.0), (1, 5.0), (2, 2.0)]}
    (median,), (least,) = latencies([[process]], way()), latencies([[process]], way("minimum"))
    assert median.found == {"se@64@56": {0: 2.0}}
    assert least.found == {"se@64@56": {0: 1.0}}


def test_a_ratio_is_of_two_figures_or_of_the_samples_of_each_round():
    process = {("se", POINT): [(0, 1.0), (1, 4.0), (2, 1.0)], ("gc", POINT): [(0, 2.0), (1, 8.0), (1, 8.0)]}
    (figures,), (rounds,) = ratios([[process]], way()), ratios([[process]], way(place="rounds"))
    assert figures.found == {"gc@64@56": {0: 8.0}}
    assert rounds.found == {"gc@64@56": {0: 2.0}}


def test_a_process_without_the_baseline_has_no_ratio():
    (over,) = ratios(
        [[{("gc", POINT): [(0, 2.0)]}, {("gc", POINT): [(0, 2.0)], ("se", POINT): [(0, 1.0)]}]], way()
    )
    assert over.found == {"gc@64@56": {1: 2.0}}


@pytest.mark.parametrize("each", ways(), ids=lambda each: each.name)
def test_little_noise_is_judged_well_whatever_the_estimator(each):
    runs = [run(seed, noise=0.001) for seed in range(6)]
    result = scores(runs, each, runs, [run(99, noise=0.001)])
    assert result.ratio < 0.005 < result.latency  # processes have their speeds; ratios have not
    assert result.order.value == 1.0
    assert result.different == Share(0, 5 * (len(LEVELS) - 1))
    assert result.slower.value == 1.0
    assert max(result.copies_off, result.ratio_bias, result.half_width) < 0.01


def test_a_ratio_of_low_samples_of_rounds_is_too_small():
    # A noisy sample of the baseline divides a clean one of the cell.
    runs = [run(seed, noise=0.2) for seed in range(4)]
    place = {
        place: scores(runs, way("minimum", place), runs, []).copies_off for place in ("figures", "rounds")
    }
    assert place["figures"] < 0.03 < 0.1 < place["rounds"]


def test_a_pair_in_the_wrong_order_counts_in_each_process():
    truth = {"a@64@56": 1.0, "b@64@56": 1.3, "c@64@56": 9.0}
    assert order([ran(a=(1.0, 1.4), b=(1.3, 1.3), c=(0.1, 0.1))], truth, [POINT]) == Share(1, 2)


def test_cells_that_are_close_or_far_are_no_neighbours():
    assert order([], {"a@64@56": 1.0, "b@64@56": 1.1, "c@64@56": 5.0}, [POINT]) == Share(0, 0)


def test_a_program_that_became_slower_is_called_so():
    before, after = ran(a=(1.0, 1.01, 0.99, 1.0), b=(1.0,)), ran(a=(1.5, 1.51, 1.49, 1.5), b=(1.0,))
    assert verdicts_of(before, after) == ["slower", "unclear"]


def test_a_bias_is_of_the_mean_of_all_runs_against_the_long_one():
    assert biases([ran(a=(1.0,)), ran(a=(1.21,), b=(1.0,))], [ran(a=(1.0,))]) == [pytest.approx(0.1)]
    assert means([ran(a=(1.0,)), ran(a=(4.0,))]) == {"a@64@56": pytest.approx(2.0)}


def test_a_copy_of_the_baseline_costs_what_it_costs():
    noisy = [ran_of_copies(0.8, 1.25), ran_of_copies(1.25, 0.8)]
    assert copies_off(noisy, [POINT]) == pytest.approx(0.0)
    biased = [ran_of_copies(0.81, 1.0), ran_of_copies(0.81, 1.0)]
    assert copies_off(biased, [POINT]) == pytest.approx(0.1)
    assert copies_off([], [POINT]) is None


GOOD = Scores(
    latency=0.04,
    ratio=0.02,
    half_width=0.05,
    held=Share(9, 10),
    order=Share(100, 100),
    different=Share(0, 100),
    unclear=Share(20, 100),
    alike=Share(0, 10),
    copies_off=0.01,
    slower=Share(10, 10),
    latency_bias=-0.02,
    ratio_bias=0.01,
)


def won(median, least, parts=("latency", "ratio")):
    """The name of the winner of two: the median with the scores ``median``, the minimum with ``least``."""
    results = {way("median"): {"quiet": median}, way("minimum"): {"quiet": least}}
    best = winner(results, parts)
    return best and best.estimator.name


def test_the_score_is_a_geometric_mean():
    assert score({"quiet": GOOD, "busy": replace(GOOD, latency=0.16)}, ["latency"]) == pytest.approx(0.08)
    assert score({"quiet": replace(GOOD, ratio=None)}, ["ratio"]) is None


def test_the_least_variation_wins():
    assert won(GOOD, replace(GOOD, ratio=0.015)) == "minimum"
    assert won(replace(GOOD, latency=0.01), replace(GOOD, ratio=0.015), ["latency"]) == "median"
    assert won(replace(GOOD, latency=0.01), replace(GOOD, ratio=0.015), ["ratio"]) == "minimum"


def test_of_two_that_vary_alike_the_less_biased_wins():
    assert won(replace(GOOD, ratio_bias=0.03), replace(GOOD, ratio=0.0205)) == "minimum"


@pytest.mark.parametrize(
    "fault", [{"different": Share(4, 100)}, {"order": Share(94, 100)}, {"copies_off": 0.03}]
)
def test_what_is_often_wrong_may_not_win(fault):
    assert won(replace(GOOD, ratio=0.05), replace(GOOD, **fault)) == "median"
    assert won(replace(GOOD, **fault), replace(GOOD, **fault)) is None


def test_the_table_has_a_line_for_each_way():
    missing = replace(GOOD, latency=None, held=Share(0, 0), latency_bias=None)
    lines = list(table("quiet", 12, {way(): GOOD, way("minimum"): missing}))
    assert [line.split()[0] for line in lines] == ["quiet,", "vary", "median", "minimum"]
    assert {len(line.rstrip()) for line in lines[2:]} == {len(lines[2])}
    assert max(map(len, lines)) <= 120


@dataclass
class FakeTrial:
    """A trial as far as its samples go."""

    key: str
    taken: list


class FakeBlock:
    """A block that measures the trials it makes."""

    def measure(self, send, watch):
        for key in ("", "a", "b"):
            samples = [SimpleNamespace(sample=Sample(2.0, 0.1, 1.9), calls=4, round=7)] if key != "b" else []
            FakeTrial(key, samples)


def test_a_worker_keeps_the_samples_of_cells_once_its_block_is_measured(tmp_path):
    path = tmp_path / "worker.jsonl"
    _sampling.keep_samples(FakeTrial, FakeBlock, path)
    for _ in range(2):
        FakeBlock().measure(None, None)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == 2 * [{"key": "a", "samples": [[7, 2.0, 0.1, 1.9, 4]]}]


def test_samples_that_others_disturbed_do_not_count():
    clean, disturbed = [1, 0.01, 0.0, 0.01, 10], [2, 0.05, 0.04, 0.01, 10]
    process = estimators.counted({"chains.py:Chain(repeats=21)@64@56": [clean] * 6 + [disturbed]})
    assert process == {("chains.py:Chain(repeats=21)", "64@56"): [(1, 0.001)] * 6}


def test_a_session_goes_on_where_it_was_interrupted(monkeypatch, tmp_path, capsys):
    measured = []

    def sample(modules, points, seconds):
        measured.append(seconds)
        return [{"se@64@56": [[0, 0.01, 0.0, 0.01, 10]] * 6, "gc@64@56": [[0, 0.02, 0.0, 0.02, 10]] * 6}]

    monkeypatch.setattr(estimators, "sample", sample)
    words = ["--seconds", "5", "--conditions", "quiet", "--save", str(tmp_path)]
    assert estimators.main(["--repeats", "1", *words]) == 0
    assert estimators.main(["--repeats", "2", *words]) == 0
    assert measured == [15.0, 5.0, 5.0]
    assert "quiet, 2 runs" in capsys.readouterr().out


def test_conditions_are_known(capsys):
    with pytest.raises(SystemExit):
        estimators.main(["--conditions", "noisy"])
    assert "--conditions" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_leaves_the_samples_of_every_cell(monkeypatch, interpreter):
    monkeypatch.setattr("sys.executable", interpreter)
    command = client.COMMAND
    processes = estimators.sample("se,eca", "16@14,32@14", 1.0, processes=2)
    assert command == client.COMMAND  # another worker of this process is attnprof's own
    labels = {"se@16@14", "eca@16@14", "se@32@14", "eca@32@14"}
    assert [process.keys() for process in processes] == [labels, labels]
    assert all(len(sample) == 5 for process in processes for own in process.values() for sample in own)
