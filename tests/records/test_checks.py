"""What a record cannot say is what no metric can have found."""

import pytest

from attnprof.metrics import METRICS
from attnprof.records.checks import OWN, TEXT, falsehood_of_figure
from attnprof.records.record import Measurement
from attnprof.units import KINDS


@pytest.mark.parametrize("name", OWN)
def test_the_unit_of_a_figure_is_that_of_its_metric(name):
    unit, types = OWN[name]
    assert METRICS.get(name).unit == unit
    assert (METRICS.get(name).kind in ("text", "code")) == (types == TEXT)


@pytest.mark.parametrize("name", ["params", "macs", "latency", "peak_memory", "throughput", "vs_baseline"])
def test_the_usual_figures_are_among_them(name):
    assert name in OWN


@pytest.mark.parametrize("kind", KINDS)
def test_a_plug_in_may_have_a_figure_of_any_kind(kind):
    assert not falsehood_of_figure(Measurement("theirs", 3, KINDS[kind].unit))
    assert not falsehood_of_figure(Measurement("theirs", None, KINDS[kind].unit, note="why"))


@pytest.mark.parametrize("value", ["text", True, False, -3, -1e-3, 0, 0.0, 2**70])
def test_a_figure_without_a_unit_may_be_anything(value):
    assert not falsehood_of_figure(Measurement("theirs", value, ""))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400, 1e-300])
@pytest.mark.parametrize("unit", ["", "s", "count"])
def test_no_figure_is_beyond_what_can_be_computed_with(value, unit):
    assert falsehood_of_figure(Measurement("theirs", value, unit))


@pytest.mark.parametrize("metric", ["operators", "macs_by_stage"])
@pytest.mark.parametrize("value", ["", "{", "[]", '{"conv": "x"}', '{"conv": [1]}', "[" * 10**5, "\udce9"])
def test_a_text_that_holds_json_holds_what_a_run_writes(metric, value):
    assert falsehood_of_figure(Measurement(metric, value, ""))


def test_what_a_run_writes_as_json_is_no_mistake():
    assert not falsehood_of_figure(Measurement("operators", '{"conv":[1,2,3,4,5]}', ""))
    assert not falsehood_of_figure(Measurement("macs_by_stage", '{"1":2,"rest":0}', ""))
    assert not falsehood_of_figure(Measurement("operators", None, "", note="no operators"))
