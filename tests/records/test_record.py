"""A record is the fold of a case's events, however they are interleaved and wherever the run was cut off."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.records.case import Case
from attnprof.records.codec import Decoder, encode
from attnprof.records.record import (
    STATUSES,
    DoneEvent,
    Event,
    Measurement,
    Record,
    account_event,
    done_event,
    fold,
    visit_event,
)
from attnprof.stats import geometric_mean, mean_interval, process_interval

law = settings(derandomize=True, deadline=None, max_examples=80)

metrics = st.sampled_from(["params", "macs", "latency", "peak_memory", "throughput"])
numbers = st.integers(0, 2**70) | st.floats(1e-9, 1e9)
measurements = st.builds(
    Measurement,
    metric=metrics,
    value=numbers | st.text(max_size=5),
    unit=st.sampled_from(["s", "bytes", "1/s", "count", ""]),
    interval=st.none() | st.tuples(st.floats(0, 1), st.floats(1, 2)),
    interval_kind=st.sampled_from(["", "samples", "processes", "spread", "exact"]),
    n=st.integers(0, 2000),
    note=st.text(max_size=5),
) | st.builds(
    Measurement, metric=metrics, value=st.none(), unit=st.just("count"), note=st.text(min_size=1, max_size=5)
)
flags = st.lists(st.sampled_from(["contended", "not-steady"]), max_size=2, unique=True)
found = st.lists(measurements, max_size=3)


@st.composite
def histories(draw):
    """Each case's own events in their order, and one interleaving of them all."""
    own = []
    for channels in range(1, draw(st.integers(1, 4)) + 1):
        case = Case("se", channels, 7, 7)
        events = []
        if draw(st.booleans()):
            events.append(account_event(case, draw(found)))
            if draw(st.booleans()):
                events.append(visit_event(case, 0, draw(found), draw(flags)))
        status = draw(st.sampled_from(STATUSES))
        events.append(done_event(case, status, "" if status == "ok" else "because"))
        own.append(events)
    order = draw(st.permutations([n for n, events in enumerate(own) for _ in events]))
    waiting = [iter(events) for events in own]
    return own, [next(waiting[n]) for n in order]


def by_key(records):
    return {record.case.key: record for record in records}


@given(histories())
@law
def test_any_interleaving_gives_the_same_records(history):
    own, interleaved = history
    assert by_key(fold(interleaved)) == by_key(record for events in own for record in fold(events))


@given(histories())
@law
def test_records_come_in_the_order_in_which_they_finished(history):
    _, events = history
    assert [record.case.key for record in fold(events)] == [
        event.key for event in events if isinstance(event, DoneEvent)
    ]


@given(histories(), st.data())
@law
def test_any_prefix_gives_the_records_that_were_finished_by_then(history, data):
    _, events = history
    cut = data.draw(st.integers(0, len(events)))
    finished = sum(isinstance(event, DoneEvent) for event in events[:cut])
    assert fold(events[:cut])[:finished] == fold(events)[:finished]


@given(histories())
@law
def test_events_that_went_through_json_fold_to_the_same_records(history):
    _, events = history
    decoder = Decoder(Event)
    assert fold(decoder.decode(encode(event)) for event in events) == fold(events)


@given(histories())
@law
def test_an_event_that_is_told_twice_changes_nothing(history):
    _, events = history
    assert fold([event for event in events for _ in range(2)]) == fold(events)


def test_a_done_line_alone_suffices():
    case = Case("se", 8, 7, 7)
    assert fold([done_event(case, "skipped", "too few channels")]) == [
        Record(case, "skipped", "too few channels")
    ]


def test_what_was_only_counted_is_no_record_before_it_is_done():
    case = Case("se", 64, 7, 7)
    assert fold([account_event(case, [Measurement("params", 512, "count")])]) == []


def test_what_some_of_its_processes_measured_is_a_record_after_those_that_are_done():
    first, second = Case("se", 64, 7, 7), Case("se", 32, 7, 7)
    events = [account_event(case, [Measurement("params", 512, "count")]) for case in (first, second)]
    events += [visit_event(case, 0, [Measurement("latency", 1e-3, "s")]) for case in (first, second)]
    records = fold([*events, done_event(second, "ok")])
    assert [(record.case, record.status, record.value("latency")) for record in records] == [
        (second, "ok", 1e-3),
        (first, "ok", 1e-3),
    ]


SE = Case("se", 64, 7, 7)


def folded(*measurements, flags=()):
    """The record of processes that found ``measurements``, one each."""
    visits = [visit_event(SE, n, [each], flags) for n, each in enumerate(measurements)]
    (record,) = fold([*visits, done_event(SE, "ok")])
    return record


def latency(value, low, high, n=40):
    return Measurement("latency", value, "s", (low, high), "samples", n)


def test_three_processes_are_one_figure_with_the_interval_of_their_medians():
    found = folded(
        latency(1.00, 0.99, 1.01), latency(1.02, 1.01, 1.03, 20), latency(1.01, 1.0, 1.02)
    ).measurements
    assert (found["latency"].value, found["latency"].n, found["latency"].interval_kind) == (
        1.01,
        100,
        "processes",
    )
    assert found["latency"].interval == process_interval([1.00, 1.02, 1.01])
    assert found["processes"].value == 3


def test_two_processes_are_too_few_and_hold_each_others_intervals():
    found = folded(latency(1.00, 0.99, 1.01), latency(1.21, 1.2, 1.3)).measurements["latency"]
    assert found.value == pytest.approx(1.1)
    assert (found.interval, found.interval_kind) == ((0.99, 1.3), "samples")


def test_one_process_is_what_it_found():
    found = folded(latency(1.00, 0.99, 1.01)).measurements
    assert found["latency"] == latency(1.00, 0.99, 1.01)
    assert found["processes"].value == 1


def test_a_process_that_found_nothing_is_no_figure_and_a_reason_only_where_all_found_nothing():
    nothing = Measurement("latency", None, "s", note="contended")
    assert folded(nothing, latency(1.0, 0.9, 1.1), nothing).value("latency") == 1.0
    assert folded(nothing, nothing).measurements["latency"].note == "contended"


def test_bytes_are_the_most_counts_add_up_and_texts_are_the_first():
    assert (
        folded(*[Measurement("peak_memory", n, "bytes") for n in (3, 2**60 + 1, 1)]).value("peak_memory")
        == 2**60 + 1
    )
    assert folded(*[Measurement("drops", n, "count") for n in (3, 4)]).value("drops") == 7
    assert folded(*[Measurement("output_shape", t, "") for t in ("a", "b")]).value("output_shape") == "a"


def test_a_rate_agrees_with_its_time_whatever_the_number_of_processes():
    for seconds in ([1.0, 2.0], [1.0, 2.0, 4.0], [1.0, 3.0, 4.0, 9.0]):
        time = folded(*[Measurement("latency", s, "s") for s in seconds]).value("latency")
        rate = folded(*[Measurement("throughput", 1 / s, "1/s") for s in seconds]).value("throughput")
        assert time * rate == pytest.approx(1)


def test_flags_are_those_of_any_process_each_once():
    assert folded(latency(1.0, 0.9, 1.1), latency(1.0, 0.9, 1.1), flags=["drift"]).flags == ("drift",)


@given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=8), st.randoms(use_true_random=False))
@law
def test_the_order_of_the_processes_does_not_matter(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    one, two = (
        folded(*[latency(v, 0.9 * v, 1.1 * v) for v in each]).measurements["latency"]
        for each in (values, shuffled)
    )
    assert (one.value, one.n, one.interval_kind) == (two.value, two.n, two.interval_kind)
    assert one.interval == pytest.approx(two.interval)
    assert one.interval[0] <= one.value <= one.interval[1]


def test_a_record_holds_what_was_counted_and_what_was_measured():
    case = Case("se", 64, 7, 7)
    (record,) = fold(
        [
            account_event(case, [Measurement("params", 512, "count")]),
            visit_event(case, 0, [Measurement("latency", 1e-3, "s")], ["contended"]),
            done_event(case, "ok"),
        ]
    )
    assert (record.value("params"), record.value("latency"), record.value("macs")) == (512, 1e-3, None)
    assert (record.case, record.status, record.reason, record.flags) == (case, "ok", "", ("contended",))


def test_a_later_count_and_a_later_visit_of_a_process_replace_earlier_ones():
    case = Case("se", 64, 7, 7)
    events = [account_event(case, [Measurement("params", n, "count")]) for n in (1, 2)]
    events += [visit_event(case, 0, [Measurement("latency", n, "s")], [f"flag{n}"]) for n in (1.0, 2.0)]
    (record,) = fold([*events, done_event(case, "ok")])
    assert (record.value("params"), record.value("latency"), record.flags) == (2, 2.0, ("flag2.0",))


def test_a_later_end_replaces_an_earlier_one():
    case = Case("se", 64, 7, 7)
    (record,) = fold([done_event(case, "timeout", "too slow"), done_event(case, "ok")])
    assert record.status == "ok"


def test_no_events_are_no_records():
    assert fold([]) == []


@given(measurements)
@law
def test_a_measurement_survives_json(measurement):
    again = Decoder(Measurement).decode(encode(measurement))
    assert again == measurement
    assert type(again.value) is type(measurement.value)


def test_a_missing_value_needs_a_reason():
    with pytest.raises(ValueError, match="latency is missing without a reason"):
        Measurement("latency", None, "s")
    assert Measurement("latency", None, "s", note="5 samples").value is None


def test_a_value_of_zero_is_not_a_missing_one():
    assert Measurement("macs", 0, "count").value == 0


@pytest.mark.parametrize(
    ("status", "reason"), [("fine", "x"), ("ok", "because"), ("failed", ""), ("skipped", ""), ("", "")]
)
def test_an_end_that_contradicts_itself_is_refused(status, reason):
    with pytest.raises(ValueError, match="status"):
        done_event(Case("se", 64, 7, 7), status, reason)


@pytest.mark.parametrize(
    "make", [lambda c: account_event(c, []), lambda c: done_event(c, "ok")], ids=["account", "done"]
)
def test_an_event_carries_its_case_and_key(make):
    case = Case("se", 64, 7, 7)
    event = make(case)
    assert (event.case, event.key) == (case, case.key)


def of_processes(case, *processes):
    """The events of a case that these processes have measured."""
    figures = [Measurement("latency", 1.0, "s", (0.9, 1.1), "samples", 12)]
    return [
        account_event(case, []),
        *(visit_event(case, n, figures) for n in processes),
        done_event(case, "ok"),
    ]


@pytest.mark.parametrize(
    ("ours", "others", "rough"),
    [
        ((0,), (0, 1, 2, 3), True),
        ((0, 1), (0, 1, 2), True),
        ((0, 1, 2), (0, 1, 2, 3), False),
        ((0,), (0,), False),
    ],
)
def test_a_record_is_rough_where_it_rests_on_too_few_processes_and_others_do_not(ours, others, rough):
    se, eca = Case("se", 8, 8, 8), Case("eca", 8, 8, 8)
    records = {each.case: each for each in fold([*of_processes(se, *ours), *of_processes(eca, *others)])}
    assert records[se].rough is rough
    assert not records[eca].rough


def test_a_case_that_was_only_counted_is_not_rough():
    se, eca = Case("se", 8, 8, 8), Case("eca", 8, 8, 8)
    assert not any(
        each.rough for each in fold([*of_processes(se), *of_processes(eca, 0, 1, 2)]) if each.case == se
    )


def test_a_ratio_over_processes_is_the_geometric_mean_with_students_interval():
    se = Case("se", 8, 8, 8)
    ratios = [1.0, 1.2, 1.1, 1.3]
    visits = [
        visit_event(se, n, [Measurement("vs_baseline", ratio, "x", None, "", 9)])
        for n, ratio in enumerate(ratios)
    ]
    (record,) = fold([account_event(se, []), *visits, done_event(se, "ok")])
    found = record.measurements["vs_baseline"]
    assert found.value == pytest.approx(geometric_mean(ratios))
    assert found.interval == pytest.approx(mean_interval(ratios))
    assert (found.interval_kind, found.n, found.unit) == ("processes", 36, "x")


@pytest.mark.parametrize(
    ("flagged", "of", "shown"),
    [(1, 1, True), (1, 2, True), (1, 3, False), (2, 3, True), (2, 5, False), (3, 6, True)],
)
def test_what_passed_by_is_a_flag_of_the_row_where_half_of_its_processes_have_it(flagged, of, shown):
    case = Case("se", 8, 8, 8)
    visits = [visit_event(case, n, [], ["drift"] if n < flagged else []) for n in range(of)]
    (record,) = fold([account_event(case, []), *visits, done_event(case, "ok")])
    assert record.flags == (("drift",) if shown else ())


def test_a_leak_in_one_process_is_a_leak():
    case = Case("se", 8, 8, 8)
    visits = [visit_event(case, n, [], ["leak"] if n == 0 else []) for n in range(6)]
    (record,) = fold([account_event(case, []), *visits, done_event(case, "ok")])
    assert record.flags == ("leak",)


def test_a_record_has_the_remarks_of_its_account():
    case = Case("my.py:Gate", 64, 8, 8)
    account = account_event(case, [Measurement("params", 512, "count")], remarks=["gives 1x64x1x1"])
    (record,) = fold([account, done_event(case, "ok")])
    assert record.remarks == ("gives 1x64x1x1",)
    assert fold([account_event(case, []), done_event(case, "ok")])[0].remarks == ()
