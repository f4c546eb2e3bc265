"""Modules are exported once in a run, before anything is timed and outside the budget. Workers are scripts, or
answer in this process."""

from dataclasses import replace

import pytest
import torch

from attnprof.planning import plan
from attnprof.records.record import DoneEvent
from attnprof.running import run, sharing
from attnprof.running.client import WorkerGone
from attnprof.running.models import MODELS_PER_WORKER, by_model, exporting_workers
from attnprof.running.progress import RunProgress
from attnprof.running.protocol import (
    Failure,
    ForecastEvent,
    MeasureRequest,
    ModelEvent,
    ModelRequest,
    PhaseEvent,
)
from attnprof.running.timetable import expected_seconds
from attnprof.runtimes._models import Model, model_name, models_of, read_model, write_model
from attnprof.spec import Spec
from attnprof.subject.calls import call_of
from attnprof.subject.inputs import example
from attnprof.worker.server import Server
from tests.running.test_run import Workshop, good

pytestmark = pytest.mark.usefixtures("stub_runtimes")


def planned(runtime="eager,reader", **asked):
    asked = {"modules": "se,eca", "points": "16@8", "counters": "none", "metrics": "params,latency", **asked}
    return plan(Spec(runtime=runtime, **asked), "cpu")


def exporting(outcome):
    """A worker's replies, where an export ends in ``outcome(request)``."""

    def reply(request, worker):
        return [outcome(request)] if isinstance(request, ModelRequest) else good(request)

    return reply


def exported(request):
    return ModelEvent(request.case.key, 1.0)


def ran(monkeypatch, this, outcome=exported, **more):
    shop = Workshop(monkeypatch, exporting(outcome))
    return list(run(this, **more)), shop


def ends(events):
    return {
        (event.case.module, event.case.runtime): (event.status, event.reason)
        for event in events
        if isinstance(event, DoneEvent)
    }


def test_each_module_is_exported_once_by_workers_that_measure_nothing(monkeypatch):
    this = planned(baseline="se")
    events, shop = ran(monkeypatch, this)
    exports = shop.requests(ModelRequest)
    assert [request.case.module for _, request in exports] == ["se", "eca"]
    assert {request.case.runtime for _, request in exports} == {"reader"}
    measuring = {number for number, _ in shop.requests(MeasureRequest)}
    assert measuring.isdisjoint(number for number, _ in exports)
    folders = {request.folder for _, request in exports}
    assert folders == {request.models for _, request in shop.requests(MeasureRequest)}
    assert all(worker.dead for worker in shop.workers)


def test_all_are_exported_before_the_first_sample(monkeypatch):
    events, _ = ran(monkeypatch, planned())
    phases = [event.name for event in events if isinstance(event, PhaseEvent)]
    assert phases[:3] == ["counting", "exporting", "process 1"]


def test_a_baseline_that_is_no_cell_is_exported_too(monkeypatch):
    every = planned(baseline="se")
    cells = tuple(cell for cell in every.cells if cell.case.module == "eca")
    _, shop = ran(monkeypatch, replace(every, cells=cells))
    assert [request.case.module for _, request in shop.requests(ModelRequest)] == ["eca", "se"]


def test_torch_alone_exports_nothing(monkeypatch):
    events, shop = ran(monkeypatch, planned("eager,stub"))
    assert not shop.requests(ModelRequest)
    assert {request.models for _, request in shop.requests(MeasureRequest)} == {""}


def test_what_cannot_be_exported_is_a_row_of_every_runtime_that_would_read_it(monkeypatch):
    def outcome(request):
        if request.case.module == "eca":
            return Failure(request.case.key, "failed", "not exported: no operator eca")
        return exported(request)

    events, shop = ran(monkeypatch, planned(), outcome)
    assert ends(events) == {
        ("se", "eager"): ("ok", ""),
        ("eca", "eager"): ("ok", ""),
        ("se", "reader"): ("ok", ""),
        ("eca", "reader"): ("failed", "not exported: no operator eca"),
    }
    readers = [case for _, request in shop.requests(MeasureRequest) for case in request.cases]
    assert ("eca", "reader") not in {(case.module, case.runtime) for case in readers}


def test_an_export_that_takes_its_worker_along_is_tried_again_by_the_process_that_measures(monkeypatch):
    events, shop = ran(monkeypatch, planned(), lambda request: WorkerGone("crashed", "killed"))
    assert set(ends(events).values()) == {("ok", "")}


def test_an_export_without_an_end_is_a_timeout(monkeypatch):
    events, _ = ran(monkeypatch, planned(), lambda request: WorkerGone("timeout", "no answer within 9 s"))
    assert ends(events)["se", "reader"] == ("timeout", "no answer within 9 s")
    assert ends(events)["se", "eager"] == ("ok", "")


def test_a_run_that_is_stopped_exports_no_more(monkeypatch):
    shop = Workshop(monkeypatch, exporting(exported))
    this = run(planned())
    for event in this:
        this.stop = this.stop or isinstance(event, ModelEvent)
    assert len(shop.requests(ModelRequest)) == 1
    assert not shop.requests(MeasureRequest)


def test_progress_says_what_is_exported_and_how_many(monkeypatch):
    progress, lines = RunProgress(60.0), []
    for event in ran(monkeypatch, planned())[0]:
        progress.see(event)
        lines.append(progress.line())
    assert any(line.startswith("exporting  0/2  se@16@8  ") for line in lines)
    assert any(line.startswith("exporting  1/2  eca@16@8  ") for line in lines)


def test_time_left_counts_exports_that_are_still_to_come(monkeypatch):
    events, _ = ran(monkeypatch, planned(time_budget="60s"))
    forecasts = [event.seconds for event in events if isinstance(event, ForecastEvent)]
    assert forecasts[0] > 60 + 2 * 2  # two models of two seconds
    assert forecasts[0] > forecasts[1]
    assert forecasts[1] >= 60


def test_a_dry_run_expects_exports_and_conversions_too():
    asked = {"time_budget": "30s"}
    assert expected_seconds(planned("eager,stub", **asked)) < expected_seconds(planned(**asked)) - 10


@pytest.mark.parametrize(
    ("models", "available", "workers"),
    [(1, 64, 1), (2 * MODELS_PER_WORKER, 64, 2), (100, 2, 2), (100, 64, sharing.MOST_WORKERS)],
)
def test_as_many_workers_export_as_pay_for_their_start(monkeypatch, models, available, workers):
    monkeypatch.setattr(sharing, "cores", lambda: available)
    assert exporting_workers(models) == workers


def reader(module="se", **more):
    return next(
        cell.case
        for cell in planned("reader", modules=module, **more).cells
        if cell.case.module == module and cell.case.runtime == "reader"
    )


def test_a_model_is_that_of_its_module_size_and_weights_and_of_no_threads_or_inputs():
    assert model_name(reader()) == model_name(reader(threads=2)) == model_name(reader(hot=True))
    others = [reader("eca"), reader(points="16@9"), reader(batch="2"), reader(seed=1)]
    assert len({model_name(case) for case in (reader(), *others)}) == 5
    (se,) = [cell.case for cell in planned("eager", modules="se").cells]
    assert model_name(se) == ""


def test_runtimes_that_read_the_same_share_a_model(monkeypatch):
    from attnprof.runtimes import RUNTIMES

    monkeypatch.setitem(RUNTIMES._files, "second", "tests.runtimes.reader")
    (cases,) = by_model(cell.case for cell in planned("eager,reader,second", modules="se").cells).values()
    assert [case.runtime for case in cases] == ["reader", "second"]


def test_a_worker_writes_a_model_that_a_call_reads(tmp_path):
    case, events = reader(), []
    Server().respond(ModelRequest(case, str(tmp_path)), events.append)
    (event,) = events
    assert (event.key, event.flags) == (case.key, ())
    assert [path.name for path in tmp_path.iterdir()] == [model_name(case)]
    model = read_model(tmp_path, case)
    assert model.seconds == event.seconds
    call = call_of(case, torch.device("cpu"), iter([example(case, torch.device("cpu"))]), tmp_path)
    assert call.preparation >= model.seconds


def test_a_model_that_is_there_is_not_exported_again(tmp_path):
    case = reader("eca")  # which the exporter does not take
    file = tmp_path / "se"
    Server().respond(ModelRequest(reader(), str(tmp_path)), lambda event: None)
    file = tmp_path / model_name(reader())
    file.rename(tmp_path / model_name(case))
    with pytest.raises(Exception, match="Reader gives another output than torch"):
        call_of(case, torch.device("cpu"), iter([]), tmp_path)


def test_without_room_for_a_model_each_process_exports_it(tmp_path):
    case, events = reader(), []
    Server().respond(ModelRequest(case, str(tmp_path / "nowhere")), events.append)
    assert isinstance(events[0], ModelEvent)
    assert call_of(case, torch.device("cpu"), iter([]), tmp_path).preparation > 0


def test_models_are_gone_with_the_run(tmp_path):
    with models_of([reader()]) as folder:
        write_model(folder, reader(), Model(b"onnx", 1.0))
        assert read_model(folder, reader()) == Model(b"onnx", 1.0)
    assert not folder.exists()
    assert read_model(None, reader()) is None
