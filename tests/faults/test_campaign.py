"""A part of the campaign: runs that are killed and continued."""

from random import Random

import pytest

from tests.faults.kills import LINES, continued, whole

SEED = 1


@pytest.mark.slow
@pytest.mark.parametrize("line", [LINES[0], LINES[1]], ids=["count", "run"])
def test_a_run_that_is_killed_twice_has_the_rows_of_one_that_nobody_disturbed(interpreter, line):
    undisturbed = whole(interpreter, line)
    losses = continued(Random(f"{SEED}"), interpreter, line, undisturbed, 2)
    assert losses.kills >= 1
    assert losses.rows == len(undisturbed.counts)
    assert not losses.problems
    assert (losses.lost, losses.repeated, losses.changed) == (0, 0, 0)
