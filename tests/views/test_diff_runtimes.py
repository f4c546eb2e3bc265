"""What is printed of two runtimes of one run."""

from attnprof.choosing.candidates import candidates
from attnprof.choosing.runtimes import across_runtimes
from attnprof.comparison.runs import compare
from attnprof.comparison.runtimes import sides
from attnprof.views.diff_runtimes import document
from tests.comparison.scripted import case, cell, ran
from tests.synthetic import results

LATENCIES = {"se": (1e-4, 3e-4), "eca": (2e-4, 1e-4), "ca": (3e-4, 4e-4)}


def printed():
    cells = [
        cell(case(name, execution=runtime), [seconds * scale for scale in (0.99, 1.0, 1.01)])
        for name, latencies in LATENCIES.items()
        for runtime, seconds in zip(("eager", "compiled"), latencies, strict=True)
    ]
    cells += [
        cell(case("simam", execution="eager"), [1e-3] * 3),
        cell(case("simam", execution="compiled"), status="failed", reason="no operator"),
    ]
    comparison = compare(*sides(ran("a", *cells), "eager", "compiled"), absolute=True)
    found = results(
        lambda each: LATENCIES[each.module][each.execution != "eager"],
        modules="se,eca,ca",
        points="64@28",
        runtime="eager,compiled",
    )
    points, entrants = candidates(found.rows(), {})
    return document(comparison, across_runtimes(entrants, points))


def test_refusals_ranks_and_who_rises_and_falls_stand_below_the_table():
    assert printed().below == [
        "simam@64@28 is failed in B: no operator",
        "",
        "64@28: rank correlation 0.50; of 3 pairs that differ by more than 1.25x in both, 1 (33 %) are the other way"
        " round",
        "  rise in B: eca 2 to 1",
        "  fall in B: se 1 to 2",
        "",
        "3 cells: 2 slower, 1 faster, 0 unclear, 0 same; geometric mean 1.26x (1.23 to 1.29).",
    ]


def test_a_program_gets_the_ranks_too():
    (block,) = printed().data()["ranks"]
    assert block["modules"] == {"se": [1, 2], "eca": [2, 1], "ca": [3, 3]}
    assert (block["clear_pairs"], block["reversed_pairs"]) == (3, 1)
