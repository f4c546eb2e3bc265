"""Cells that are compared are measured together, as many as memory holds; every cell is in one block."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.records.case import Case
from attnprof.records.record import Footprint, account_event
from attnprof.running.schedule import ALONE_SHARE, BLOCK_SHARE, blocks, too_large, work

law = settings(derandomize=True, deadline=None, max_examples=80)
MEMORY = 2**30

cells = st.builds(
    lambda case, footprint: account_event(case, [], (), footprint),
    st.builds(
        Case,
        module=st.sampled_from(["se", "eca", "cbam", "aa"]),
        channels=st.sampled_from([16, 32]),
        height=st.just(8),
        width=st.just(8),
        batch=st.sampled_from([1, 4]),
        mode=st.sampled_from(["eval", "train"]),
        seed=st.integers(0, 1),
    ),
    st.builds(
        Footprint,
        macs=st.integers(0, 10**9),
        peak=st.integers(0, 2**30),
        weights=st.integers(0, 2**29),
    ),
)
lists = st.lists(cells, max_size=20, unique_by=lambda each: each.case)


@given(lists, st.sampled_from([None, MEMORY]))
@law
def test_every_cell_is_in_exactly_one_block_under_one_set_of_conditions(given, memory):
    found = blocks(given, memory)
    assert sorted(case.key for block in found for case in block) == sorted(each.case.key for each in given)
    for block in found:
        assert len({(case.shape, case.mode, case.seed) for case in block}) == 1


@given(lists)
@law
def test_what_a_block_keeps_at_once_fits_into_a_share_of_the_memory(given):
    known = {each.case.key: each for each in given}
    for block in blocks(given, MEMORY):
        kept = [known[case.key].footprint.weights * (2 if case.mode == "train" else 1) for case in block]
        assert len(block) == 1 or sum(kept) <= BLOCK_SHARE * MEMORY
        assert (
            len(block) == 1 or max(known[case.key].footprint.peak for case in block) <= ALONE_SHARE * MEMORY
        )


@given(lists)
@law
def test_without_a_limit_all_cells_of_one_size_are_one_block_the_cheapest_first(given):
    known = {each.case.key: work(each) for each in given}
    found = blocks(given, None)
    assert len({(block[0].shape, block[0].mode, block[0].seed) for block in found}) == len(found)
    for block in found:
        costs = [known[case.key] for case in block]
        assert costs == sorted(costs)
    tops = [known[block[-1].key] for block in found]
    assert tops == sorted(tops)


@pytest.mark.parametrize(("memory", "fits"), [(None, True), (300, True), (299, False)])
def test_a_case_fits_where_its_activations_and_weights_do(memory, fits):
    assert (too_large(Footprint(peak=200, weights=100), memory) == "") is fits


def test_a_larger_map_is_more_work_though_nothing_is_multiplied():
    small = Case("none", 16, 8, 8)
    assert work(account_event(replace(small, height=16), [])) > work(account_event(small, []))
