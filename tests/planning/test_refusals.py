"""The refusals of a plan are those of the modules, though most sizes are never looked at."""

import pytest

from attnprof.catalogue import MODULES
from attnprof.planning import plan
from attnprof.spec import Spec

CHANNELS, SIDES = (8, 20, 64), (7, 8)


@pytest.mark.parametrize("train", [False, True])
def test_every_cell_has_the_refusal_of_its_own_size(train: bool) -> None:
    spec = Spec(modules="all", channels=CHANNELS, res=SIDES, batch=(1, 2), train=train, no_latency=True)
    cells = plan(spec, "meta").cells
    assert len(cells) == len(MODULES.names()) * len(CHANNELS) * len(SIDES) * 2 * (1 + train)
    for cell in cells:
        case, module = cell.case, cell.entry
        assert module is not None
        alone = module.refusal(
            case.channels,
            case.height,
            case.width,
            case.hyperparameters,
            batch=case.batch,
            train=case.mode == "train",
        )
        assert (case.label, cell.refusal) == (case.label, alone)
