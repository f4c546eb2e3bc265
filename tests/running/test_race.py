"""A run from its first count to its last: who is measured how often, what the others keep, and what comes at the
end. Workers are scripts."""

from collections import Counter

import pytest

from attnprof.planning import plan
from attnprof.records.record import (
    AccountEvent,
    DoneEvent,
    Event,
    Measurement,
    VisitEvent,
    account_event,
    fold,
    visit_event,
)
from attnprof.running import OUT_OF_TIME, run
from attnprof.running.client import WorkerGone
from attnprof.running.counting import LATER, LOST, NO_TIME
from attnprof.running.protocol import (
    AccountRequest,
    EndResponse,
    Failure,
    ForecastEvent,
    MeasureRequest,
    PhaseEvent,
)
from attnprof.running.racing import CHEAPEST, SURE
from attnprof.running.timetable import Timetable
from attnprof.spec import Spec
from tests.running.test_run import Workshop

METRICS = "params,macs,latency,vs_baseline,baseline,peak_memory"


def planned(modules="all", **asked):
    asked = {"channels": "64", "res": "16", "counters": "none", "metrics": METRICS, **asked}
    return plan(Spec(modules=modules, **asked), "cpu")


class Field:
    """A worker to which each cell of a plan takes a fifth longer than the one before, and needs more of
    everything. ``noise``: (place, process) -> a factor."""

    def __init__(self, this, noise=lambda place, process: 1 + 0.001 * (place * 7 + process * 3 % 5)):
        self.order = [cell.case.key for cell in this.cells if not cell.refusal]
        self.noise = noise
        self.macs = {}

    def __call__(self, request, worker):
        if isinstance(request, AccountRequest):
            return [self.account(request)]
        return [*(self.visit(case, request.process) for case in request.cases), EndResponse()]

    def account(self, request):
        place = self.order.index(request.case.key)
        figures = [Measurement("params", place, "count"), Measurement("macs", 1000 * place, "count")]
        if "fvcore_macs" in request.metrics:
            answer = (None, request.no_counters) if request.no_counters else (5, "")
            figures.append(Measurement("fvcore_macs", answer[0], "count", note=answer[1]))
        return account_event(request.case, figures)

    def visit(self, case, process):
        place = self.order.index(case.key)
        ratio = 1.2**place * self.noise(place, process)
        figures = [
            Measurement("latency", 1e-5 * ratio, "s", None, "", 12),
            Measurement("vs_baseline", ratio, "x", None, "", 12),
            Measurement("peak_memory", 100 * place, "bytes"),
        ]
        return visit_event(case, process, figures)


def ran(monkeypatch, this, reply=None, **more):
    """The events of the run, its records by place, and the workshop."""
    field = reply or Field(this)
    shop = Workshop(monkeypatch, field)
    events = list(run(this, **more))
    records = {each.case.key: each for each in fold(event for event in events if isinstance(event, Event))}
    return events, records, shop


def test_every_cell_is_measured_once_and_those_whose_place_is_open_by_at_least_four_processes(monkeypatch):
    this = planned()
    field = Field(this)
    _, records, shop = ran(monkeypatch, this, field)
    assert len(field.order) > 2 * CHEAPEST
    processes = [records[key].value("processes") for key in field.order]
    assert min(processes[:CHEAPEST]) >= SURE
    far = [key for key in field.order[CHEAPEST:] if key not in {case.key for case in this.baselines}]
    assert {records[key].value("processes") for key in far} == {1}
    assert all(records[key].rough for key in far)
    assert not any(records[key].rough for key in field.order[:CHEAPEST])
    assert {record.status for record in records.values()} == {
        "ok",
        *(["skipped"] if len(this.cells) > len(field.order) else []),
    }


def test_from_the_fifth_process_on_only_cells_are_measured_whose_order_is_open(monkeypatch):
    this = planned()

    def noise(place, process):
        return 1 + 0.4 * ((process + place) % 2) if place in (5, 6) else 1 + 0.001 * (process % 2)

    field = Field(this, noise)
    _, _, shop = ran(monkeypatch, this, field)
    last = {
        field.order.index(case.key)
        for _, order in shop.requests(MeasureRequest)
        if order.process == 5
        for case in order.cases
    }
    baselines = {field.order.index(case.key) for case in this.baselines}
    assert {5, 6} <= last
    assert last - baselines < set(range(12))


def test_modules_named_one_by_one_are_measured_by_every_process(monkeypatch):
    this = planned("se,eca,cbam,bam")
    _, records, _ = ran(monkeypatch, this)
    assert {record.value("processes") for record in records.values()} == {6}


@pytest.mark.parametrize("asked", [{"quality": "paper"}, {"time_budget": "none"}, {"time_budget": "2h"}])
def test_paper_quality_and_a_long_budget_measure_all_cells_to_the_end(monkeypatch, asked):
    this = planned("family:self-attention", **asked)  # of all the last would take hours a call
    _, records, _ = ran(monkeypatch, this)
    measured = [record for record in records.values() if record.status == "ok"]
    assert {record.value("processes") for record in measured} == {6}
    assert not any(record.rough for record in measured)


def test_every_block_is_measured_beside_the_baseline_of_its_size(monkeypatch):
    this = planned("se,eca,none", channels="32,64")
    _, _, shop = ran(monkeypatch, this)
    for _, order in shop.requests(MeasureRequest):
        assert order.baseline.module == "se"
        assert order.baseline.shape == order.cases[0].shape


def test_a_baseline_that_failed_is_none(monkeypatch):
    this = planned("se,eca,none")
    field = Field(this)

    def reply(request, worker):
        if isinstance(request, MeasureRequest) and request.process == 0:
            others = [field.visit(case, 0) for case in request.cases if case.module != "se"]
            se = next(case for case in request.cases if case.module == "se")
            return [Failure(se.key, "failed", "because"), *others, EndResponse()]
        return field(request, worker)

    _, _, shop = ran(monkeypatch, this, reply)
    assert {order.baseline for _, order in shop.requests(MeasureRequest) if order.process > 0} == {None}


def test_a_cell_that_there_was_no_time_for_is_skipped_with_its_counts_and_the_reason(monkeypatch):
    this = planned("se,eca,cbam", time_budget="20s")
    field = Field(this)

    def reply(request, worker):
        if isinstance(request, MeasureRequest):
            cases = [case for case in request.cases if case.module != "cbam"]
            return [*(field.visit(case, request.process) for case in cases), EndResponse()]
        return field(request, worker)

    _, records, _ = ran(monkeypatch, this, reply)
    by_module = {record.case.module: record for record in records.values()}
    assert (by_module["cbam"].status, by_module["cbam"].reason) == ("skipped", OUT_OF_TIME)
    assert by_module["cbam"].value("params") is not None
    assert by_module["se"].status == "ok"


COUNTING = {"metrics": METRICS + ",fvcore_macs", "counters": "fvcore"}


def test_our_own_counts_come_first_and_the_other_counters_after_the_last_sample(monkeypatch):
    this = planned("se,eca,cbam", **COUNTING)
    events, records, shop = ran(monkeypatch, this)
    accounts = [event for event in events if isinstance(event, AccountEvent)]
    notes = [event.measurements[-1].note for event in accounts]
    assert notes == [LATER] * 3 + [""] * 3
    visits = [place for place, event in enumerate(events) if isinstance(event, VisitEvent)]
    places = [place for place, event in enumerate(events) if isinstance(event, AccountEvent)]
    assert places[2] < visits[0] < visits[-1] < places[3]
    assert all(record.value("fvcore_macs") == 5 for record in records.values())
    assert all(record.value("params") is not None for record in records.values())


def test_the_other_counters_count_the_cheapest_cells_first(monkeypatch):
    this = planned("cbam,eca,se", **COUNTING)
    _, _, shop = ran(monkeypatch, this)
    late = [order.case.module for _, order in shop.requests(AccountRequest) if not order.no_counters]
    field = Field(this)
    assert sorted(late) == ["cbam", "eca", "se"]
    assert len(late) == len(field.order)


def test_what_the_other_counters_have_no_time_for_is_blank_with_that_reason(monkeypatch):
    monkeypatch.setattr(Timetable, "counters_end", lambda self: self._clock() - 1)
    this = planned("se,eca", **COUNTING)
    _, records, shop = ran(monkeypatch, this)
    assert [order for _, order in shop.requests(AccountRequest) if not order.no_counters] == []
    for record in records.values():
        figure = record.measurements["fvcore_macs"]
        assert (figure.value, figure.note) == (None, NO_TIME)
        assert record.status == "ok"


def test_a_counter_that_takes_the_worker_along_costs_its_own_figure(monkeypatch):
    this = planned("se,eca", **COUNTING)
    field = Field(this)

    def reply(request, worker):
        deadly = (
            isinstance(request, AccountRequest) and not request.no_counters and request.case.module == "se"
        )
        return [WorkerGone("crashed", "gone")] if deadly else field(request, worker)

    _, records, _ = ran(monkeypatch, this, reply)
    figures = {record.case.module: record.measurements["fvcore_macs"] for record in records.values()}
    assert (figures["se"].value, figures["se"].note) == (None, LOST)
    assert figures["eca"].value == 5
    assert {record.status for record in records.values()} == {"ok"}


def test_a_run_says_which_part_it_is_in_and_what_is_to_be_expected(monkeypatch):
    this = planned("se,eca", **COUNTING)
    events, _, _ = ran(monkeypatch, this)
    phases = [event.name for event in events if isinstance(event, PhaseEvent)]
    assert phases == ["counting", *(f"process {n}" for n in range(1, 7)), "other counters"]
    forecasts = [event for event in events if isinstance(event, ForecastEvent)]
    assert len(forecasts) == 6
    assert forecasts[0].precision is None
    assert all(0 < event.seconds < 60 for event in forecasts)
    assert all(event.processes == 6 for event in forecasts)
    assert forecasts[-1].precision == pytest.approx(0, abs=0.02)


def test_a_resumed_race_measures_what_is_missing_of_the_first_process_and_then_the_contenders(monkeypatch):
    this = planned()
    field = Field(this)
    by_key = {cell.case.key: cell.case for cell in this.cells}
    earlier = [field.visit(by_key[key], 0) for key in field.order[:30]]
    _, _, shop = ran(monkeypatch, this, field, earlier=earlier)
    requests = [order for _, order in shop.requests(MeasureRequest)]
    first = [case.key for order in requests if order.process == 0 for case in order.cases]
    assert sorted(first) == sorted(field.order[30:])
    second = {case.key for order in requests if order.process == 1 for case in order.cases}
    assert set(field.order[:CHEAPEST]) <= second
    assert len(second) < 30


def test_no_case_ends_before_its_last_event(monkeypatch):
    this = planned("se,eca,cbam", **COUNTING)
    events, _, _ = ran(monkeypatch, this)
    ends = Counter(event.key for event in events if isinstance(event, DoneEvent))
    assert set(ends.values()) == {1}
    for key in ends:
        own = [type(event) for event in events if getattr(event, "key", "") == key]
        assert own[-1] is DoneEvent
