"""How many rows a run has, and in which order, from its folder alone: as its plan has them."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.records.environment import CELLS, PLACEMENTS
from attnprof.records.record import account_event, done_event
from attnprof.results.outline import outline_of_journal, outline_of_plan
from attnprof.spec import Spec

law = settings(derandomize=True, deadline=None, max_examples=40)
MODULES = ("se", "eca", "none", "cbam(reduction=8)", "cbam", "sa", "family:spatial", "all", "!nam")
HANDS = 3
requests = st.fixed_dictionaries(
    {
        "modules": st.lists(st.sampled_from(MODULES), min_size=1, max_size=4, unique=True),
        "channels": st.lists(st.sampled_from(["16", "100", "64"]), min_size=1, max_size=3, unique=True),
        "res": st.lists(st.sampled_from(["14", "7", "7x9", "28"]), min_size=HANDS, max_size=4, unique=True),
        "batch": st.lists(st.integers(1, 64), min_size=1, max_size=3),
        "runtime": st.sampled_from(["", "eager", "compiled,eager"]),
        "train": st.booleans(),
        "shard": st.sampled_from([None, *(f"{n}/{HANDS}" for n in range(1, HANDS + 1))]),
    }
)
NETWORKS = {
    "networks": "resnet34,resnet18",
    "modules": "eca,se",
    "at": "after_stage,after_bn2",
    "res": "64,32",
}


def events_of(planned):
    """The events of a run of ``planned`` up to its counts, as they come."""
    refused = [cell for cell in planned.cells if cell.refusal]
    yield from (done_event(cell.case, "skipped", cell.refusal) for cell in refused)
    yield from (account_event(cell.case, []) for cell in planned.cells if not cell.refusal)


def ran(planned):
    return {"device": "cpu", PLACEMENTS: list(planned.placements), CELLS: len(planned.cells)}


def in_order(outline, cases):
    return sorted(Random(1).sample(cases, len(cases)), key=outline.position)


@given(requests)
@law
def test_a_run_that_says_its_placements_has_the_rows_of_its_plan(request):
    spec = Spec(**request)
    planned = plan(spec, "cpu")
    cases = [cell.case for cell in planned.cells]
    for outline in (outline_of_plan(planned), outline_of_journal(spec, ran(planned), [])):
        assert outline.cells == len(cases)
        assert in_order(outline, cases) == cases


def test_so_has_one_in_networks():
    spec = Spec(**NETWORKS, batch="8,1", train=True)
    planned = plan(spec, "cpu")
    cases = [cell.case for cell in planned.cells]
    outline = outline_of_journal(spec, ran(planned), [])
    assert outline.cells == len(cases)
    assert in_order(outline, cases) == cases


@pytest.mark.parametrize(
    "request_",
    [
        {"modules": "cbam,se,eca", "channels": "64,16", "res": "14,7"},
        {"modules": "all,!nam", "channels": "64", "res": "56"},
        {"modules": "eca,se", "channels": "64", "res": "14", "batch": "8,1,2"},
        NETWORKS,
    ],
)
def test_an_older_run_that_does_not_is_laid_out_by_its_spec_and_journal(request_):
    spec = Spec(**request_)
    planned = plan(spec, "cpu")
    events = list(events_of(planned))
    outline = outline_of_journal(spec, {"device": "cpu"}, events)
    assert outline.cells == len(planned.cells)
    runnable = [cell.case for cell in planned.cells if not cell.refusal]
    assert in_order(outline, runnable) == runnable


def test_parts_of_an_older_run_are_laid_out_by_the_spec_that_they_share():
    spec = Spec(modules="se,eca,none,cbam,sa", points="64@7")
    cases = [cell.case for cell in plan(spec, "cpu").cells]
    events = [account_event(case, []) for case in (*cases[1::2], *cases[::2])]
    assert in_order(outline_of_journal(spec, {"device": "cpu"}, events), cases) == cases


@pytest.mark.parametrize(("shard", "cells"), [("1/2", 3), ("2/2", 2), (None, 5)])
def test_a_part_of_an_older_run_has_an_even_number_of_cells(shard, cells):
    spec = Spec(modules="se,eca,none,cbam,sa", points="64@7", shard=shard)
    environment = {"device": "cpu", PLACEMENTS: ["se", "eca", "none", "cbam", "sa"]}
    assert outline_of_journal(spec, environment, []).cells == cells


def test_a_case_that_the_run_does_not_have_comes_last():
    planned = plan(Spec(modules="se", points="64@7,16@7", train=True), "cpu")
    stranger = Case("gone", 64, 7, 7)
    cases = [stranger, *(cell.case for cell in planned.cells)]
    assert in_order(outline_of_plan(planned), cases)[-1] == stranger


@pytest.mark.parametrize("placements", [None, "se", {"se": 1}, 3])
def test_placements_of_another_type_are_none(placements):
    spec = Spec(modules="se,eca", points="64@7")
    environment = {"device": "cpu", PLACEMENTS: placements}
    events = list(events_of(plan(spec, "cpu")))
    assert list(outline_of_journal(spec, environment, events).placements) == ["se", "eca"]
