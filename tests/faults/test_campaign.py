"""A part of the campaign, always the same one: some hundred random inputs, and kills of runs that are continued."""

from random import Random

import pytest

from tests.faults.campaign import run_inputs
from tests.faults.kills import LINES, continued, whole

SEED = 1
INPUTS = 800


@pytest.mark.slow
def test_random_inputs_end_in_a_documented_way(interpreter):
    tally = run_inputs(SEED, range(INPUTS), 1, interpreter)
    assert sum(tally.kinds.values()) == INPUTS
    assert len(tally.codes) > 3
    assert not tally.faults, str(tally)


@pytest.mark.slow
@pytest.mark.parametrize("line", [LINES[0], LINES[1]], ids=["count", "run"])
def test_a_run_that_is_killed_twice_has_the_rows_of_one_that_nobody_disturbed(interpreter, line):
    undisturbed = whole(interpreter, line)
    losses = continued(Random(f"{SEED}"), interpreter, line, undisturbed, 2)
    assert losses.kills >= 1
    assert losses.rows == len(undisturbed.counts)
    assert not losses.problems
    assert (losses.lost, losses.repeated, losses.changed) == (0, 0, 0)
