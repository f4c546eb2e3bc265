"""fvcore counts from shapes alone what it counts in a pass that computes."""

import pytest
import torch
from torch import nn

from attnprof.catalogue import MODULES, entry
from attnprof.counters import COUNTERS, Counter
from attnprof.records.case import Case
from attnprof.subject.build import build
from attnprof.subject.counts import count_with
from attnprof.subject.inputs import examples
from attnprof.subject.tracing import ShapesAlone

pytest.importorskip("fvcore")
CPU, META = torch.device("cpu"), torch.device("meta")
FVCORE = COUNTERS.get("fvcore")


def case_of(module):
    return Case(module, 64, 28, 28, dict(entry(module).hyperparameters))


@pytest.mark.parametrize("name", MODULES.names())
def test_every_part_of_its_figure_follows_from_shapes(name):
    case = case_of(name)
    with torch.no_grad():
        computed = FVCORE.breakdown(build(case, CPU), *examples(case, CPU))
        module = build(case, META)
        with ShapesAlone():
            by_shapes = FVCORE.breakdown(module, *(x.to("meta") for x in examples(case, CPU)))
    assert by_shapes == computed


LAYERS = {
    "transposed": (lambda: nn.ConvTranspose2d(8, 6, 3, stride=2), (1, 8, 9, 9)),
    "one side": (lambda: nn.Conv1d(8, 6, 3, groups=2), (1, 8, 9)),
    "same padding": (lambda: nn.Conv2d(8, 6, 3, padding="same", bias=False), (1, 8, 9, 9)),
    "norms": (lambda: nn.Sequential(nn.GroupNorm(2, 8), nn.BatchNorm2d(8)), (1, 8, 9, 9)),
    "recurrent": (lambda: nn.LSTM(8, 6, batch_first=True), (1, 9, 8)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_torch_are_traced_on_meta_as_where_they_compute(name):
    make, shape = LAYERS[name]
    module = make().eval()
    with torch.no_grad():
        computed = FVCORE.breakdown(module, torch.randn(shape))
        with ShapesAlone():
            by_shapes = FVCORE.breakdown(module.to("meta"), torch.empty(shape, device="meta"))
    assert by_shapes == computed


def test_attention_that_some_devices_run_as_one_operator_is_traced_where_it_computes():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    with torch.no_grad(), pytest.raises(ValueError, match="attention runs as one operator"):
        FVCORE.count(layer.to("meta"), torch.empty(1, 9, 8, device="meta"))


def test_a_trace_on_meta_leaves_no_trace_behind():
    with torch.no_grad(), ShapesAlone():
        FVCORE.count(nn.Conv2d(3, 4, 3).to("meta"), torch.empty(1, 3, 5, 5, device="meta"))
    assert torch._C._get_tracing_state() is None
    assert type(torch.ones(2).shape[0]) is int


def test_where_values_are_read_a_real_pass_is_traced():
    case, devices = case_of("se"), []

    def reads_values(module, x):
        devices.append(x.device.type)
        return int(x.isnan().sum()) + 7

    counter = Counter(count=reads_values, computes=False)
    assert count_with("fvcore", case, 1, counter) == 7
    assert devices == ["meta", "cpu"]
