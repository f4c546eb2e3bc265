"""What a caption says of the rows above it."""

import pytest

from attnprof.results.columns import COLUMNS
from attnprof.views.caption import caption
from tests.report.conftest import results_of


@pytest.mark.parametrize("train", [True, False])
def test_where_rows_are_of_training_other_counters_are_said_to_count_the_forward_pass(train):
    said = "\n".join(caption(results_of(modules="se", points="64@28", train=train), COLUMNS))
    assert "fvcore, thop, FlopCounterMode: what they count as MACs" in said
    assert ("fvcore, thop, FlopCounterMode count the forward pass alone" in said) == train
