"""The benchmark of README's first command: what it judges runs by, and how it runs them."""

import io
import json
from dataclasses import replace

import pytest

from attnprof.choosing.pareto import Span
from benchmarks import first_command
from benchmarks._bars import Bar, seconds
from benchmarks._figures import Share
from benchmarks._first_command_report import (
    Output,
    Session,
    after_import,
    answered,
    bars,
    cheapest,
    coverage,
    deviations,
    flagged,
    half_width,
    latency,
    means,
    on_fronts,
    order,
    ratio,
    share_of,
    table,
    that_matter,
)
from benchmarks._outputs import Ratio, Row
from benchmarks.first_command import JournalWatch, schedule

POINT = "64@56"
COSTS = (100.0, 1000.0, 4096.0)


def row(value, width=0.05, processes=5, flags=(), rough=False, costs=COSTS, floor=False):
    """A row whose latency is ``value`` times that of se, with an interval of that half-width."""
    interval = (value * (1 - width), value * (1 + width))
    return Row(
        seconds=value * 1e-4,
        latency=Span.exact(value * 1e-4),
        ratio=Ratio(value, interval, processes=True),
        processes=processes,
        flags=frozenset(flags),
        rough=rough,
        costs=costs,
        floor=floor,
    )


def output(wall=80.0, counted=5.0, **rows):
    return Output(wall, counted, 1.5, {(name, POINT): each for name, each in rows.items()})


def ordinary(**changes):
    """A run that keeps every bar."""
    return output(se=row(1.0), eca=row(1.1), gc=row(1.5), cbam=row(3.0, costs=(5.0, 5.0, 5.0)), **changes)


def missed(session):
    return [bar.what for bar in bars(session) if not bar.kept]


def cells(*names):
    return {(name, POINT) for name in names}


def test_a_good_session_keeps_every_bar():
    session = Session(
        quiet=[ordinary(), ordinary()],
        busy=[ordinary()],
        other=[
            output(se=row(1.0), gc=row(1.5, width=0.3), cbam=row(3.0, width=0.3), eca=row(1.1, width=0.3))
        ],
        verdicts=["same"] * 8 + ["unclear"] * 4,
    )
    assert missed(session) == []
    assert len(bars(session)) == 14


def test_nothing_measured_has_no_bar():
    assert bars(Session()) == []


def test_the_mean_of_a_figure_is_of_the_runs_that_have_it_and_the_identity_has_none():
    runs = [output(se=row(1.0), none=row(0.01, floor=True)), output(se=row(4.0), eca=row(3.0))]
    assert means(runs, ratio) == {("se", POINT): pytest.approx(2.0), ("eca", POINT): pytest.approx(3.0)}


def test_the_cheapest_are_taken_at_each_point():
    figures = {("a", "64@56"): 1.0, ("b", "64@56"): 2.0, ("a", "256@56"): 9.0, ("b", "256@56"): 8.0}
    assert cheapest(figures, count=1) == {("a", "64@56"), ("b", "256@56")}


def test_a_dear_cell_that_is_least_in_one_cost_is_on_a_front():
    one = output(
        se=row(1.0), dear=row(9.0, costs=(100.0, 1.0, 9999.0)), worse=row(9.5, costs=(101.0, 1001.0, 9999.0))
    )
    assert on_fronts(one.rows) == cells("se", "dear")


def test_twenty_cheap_cells_and_the_front_matter():
    cheap = {f"m{number:02}": row(1 + number / 10) for number in range(30)}
    one = output(**cheap, light=row(50.0, costs=(0.0, 0.0, 0.0)))
    assert that_matter(one) == cells(*list(cheap)[:20], "light")


def test_a_cell_is_answered_by_an_interval_over_four_processes():
    few, none = row(1.2, processes=3), replace(row(1.3), ratio=None)
    inside = replace(row(1.4), ratio=Ratio(1.4, (1.3, 1.5), processes=False))
    assert answered([output(se=row(1.0, processes=4), few=few, none=none, inside=inside)]) == Share(1, 4)


def test_rough_rows_are_marked_and_not_flagged():
    rough, drift = row(9.0, rough=True), row(2.0, flags=["drift"])
    assert flagged([output(se=row(1.0), rough=rough, drift=drift)]) == Share(1, 3)
    assert rough.marked
    assert drift.marked
    assert not row(1.0).marked


def test_the_half_width_is_of_the_cells_that_are_named_and_says_how_many_have_one():
    one = output(a=row(1.0, width=0.1), b=replace(row(2.0), ratio=None), c=row(9.0, width=0.9))
    assert half_width([one], cells("a", "b")) == (pytest.approx(0.1), Share(1, 2))
    assert half_width([one], cells("b")) == (None, Share(0, 1))


def test_a_pair_in_the_wrong_order_counts_against_its_run():
    truth = {("a", POINT): 1.0, ("b", POINT): 1.3, ("c", POINT): 1.4}
    right, wrong = output(a=row(1.0), b=row(1.3), c=row(1.2)), output(a=row(1.35), b=row(1.3), c=row(1.4))
    # b and c are less than 1.2x apart: whatever their order is, it is right.
    assert order([right], truth, ratio) == Share(2, 2)
    assert order([right, wrong], truth, ratio) == Share(3, 4)


def test_a_figure_that_is_missing_is_in_no_order():
    truth = {("a", POINT): 1.0, ("b", POINT): 2.0}
    assert order([output(a=row(1.0))], truth, ratio) == Share(0, 1)
    assert order([output(a=row(1.0), b=replace(row(2.0), ratio=None))], truth, ratio) == Share(0, 1)


def test_cells_of_two_points_have_no_order():
    assert order([output()], {("a", "64@56"): 1.0, ("a", "256@56"): 4.0}, ratio) == Share(0, 0)


def test_intervals_that_leave_out_the_mean_are_counted_and_the_baselines_is_none():
    truth = {("se", POINT): 1.0, ("a", POINT): 2.0}
    runs = [output(se=row(1.0), a=row(2.05)), output(se=row(1.0), a=row(2.3))]
    assert coverage(runs, truth) == Share(1, 2)


def test_only_unmarked_figures_may_not_be_off():
    truth = {("a", POINT): 1.0, ("b", POINT): 1.0, ("c", POINT): 1.0}
    one = output(a=row(1.2), b=row(3.0, rough=True), c=row(0.95))
    assert deviations([one], truth, ratio) == [
        (pytest.approx(0.2), ("a", POINT)),
        (pytest.approx(0.05), ("c", POINT)),
    ]
    assert deviations([one], {("a", POINT): 1.2e-4}, latency) == [(pytest.approx(0.0), ("a", POINT))]


def test_verdicts_are_shares_of_all_cells():
    verdicts = ["same", "slower", "faster", "unclear"]
    assert share_of(verdicts, ("slower", "faster")) == Share(2, 4)
    assert share_of([], ("slower",)) == Share(0, 0)


@pytest.mark.parametrize(
    ("change", "bar"),
    [
        ({"wall": 100.5}, "in all"),
        ({"counted": 6.6}, "own counts after importing torch"),
        ({"ema": row(1.2, processes=2)}, "cells that matter with an interval from 4 processes"),
        ({"ema": row(1.2, flags=["drift"])}, "rows with a flag"),
    ],
)
def test_one_run_that_is_off_misses_its_bar(change, bar):
    assert missed(Session(quiet=[ordinary(**change)])) == [bar]


def test_a_slow_import_beside_a_run_does_not_make_its_counting_shorter():
    slow = replace(output(counted=6.0), import_torch=4.0)
    assert after_import([slow, output(counted=5.0)]) == [4.5, 3.5]


def test_wide_intervals_miss_their_bar_alone_and_beside_the_others():
    wide = output(se=row(1.0, width=0.0), eca=row(1.1, width=0.2), gc=row(1.5, width=0.2))
    session = Session(quiet=[wide], other=[ordinary()])
    assert missed(session) == ["median half-width of vs se", "half-width over the other commit's"]


def test_beside_a_busy_core_a_figure_that_is_off_needs_a_mark():
    off = {"se": row(1.0), "eca": row(1.1), "gc": row(1.8)}
    plain = Session(quiet=[ordinary(), ordinary()], busy=[output(**off)])
    marked = Session(quiet=plain.quiet, busy=[output(**off | {"gc": row(1.8, rough=True)})])
    beyond = [f"busy: unmarked {name} off by" for name in ("vs se", "latency")]
    assert set(beyond) <= set(missed(plain))
    assert not set(beyond) & set(missed(marked))


def test_where_every_figure_is_marked_nothing_is_proved():
    busy = [output(se=row(1.0, rough=True))]
    text = [bar.text for bar in bars(Session(quiet=[ordinary()], busy=busy)) if "off by" in bar.what]
    assert all("MISSED (-, every figure is marked)" in line for line in text)


def test_that_the_machine_was_loaded_is_no_mark():
    loaded = {"se": row(1.0, flags=["loaded"]), "gc": row(1.8, flags=["loaded"])}
    session = Session(quiet=[ordinary(), ordinary()], busy=[output(**loaded)])
    assert {f"busy: unmarked {name} off by" for name in ("vs se", "latency")} <= set(missed(session))


def test_false_verdicts_on_one_program_miss_their_bar():
    verdicts = ["slower"] + ["same"] * 11
    assert missed(Session(verdicts=verdicts)) == ["one program twice: cells called different"]
    assert missed(Session(verdicts=["unclear"] * 12)) == ["one program twice: cells unclear"]


def test_a_bar_shows_its_figure_in_its_unit_and_what_it_is_of():
    bar = Bar("in all", 101.5, 100.0, show=seconds, note="the longest")
    assert bar.text == "in all: at most 100.0 s: MISSED (101.5 s, the longest)"


def test_the_table_has_a_line_for_each_kind_of_run():
    lines = list(table(Session(quiet=[ordinary()], other=[ordinary()])))
    assert [line.split("  ")[0] for line in lines[1:]] == ["this", "the other"]
    assert max(map(len, lines)) <= 100


def test_kinds_of_runs_are_spread_over_the_session():
    steps = schedule({"quiet": 4, "busy": 2, "pair": 0})
    assert [kind for kind, _ in steps] == ["quiet", "busy", "quiet", "quiet", "busy", "quiet"]
    assert [number for kind, number in steps if kind == "quiet"] == [0, 1, 2, 3]


def test_cells_are_counted_once_however_often_their_counts_are_written():
    line = '{"event":"account","key":"%s"}\n'
    file = io.BytesIO()
    watch = JournalWatch(file)
    new = []
    for text in (line % "a", '{"event":"acc', 'ount","key":"b"}\n', line % "a", '{"event":"visit"}\n'):
        place = file.tell()
        file.write(text.encode())
        file.seek(place)
        new.append(watch.new_cells())
    assert new == [1, 0, 1, 0, 0]


def steps_run(monkeypatch, folder, words):
    """The places that the benchmark runs the command for, which does nothing here."""
    places = []

    def once(checkout, words, place):
        places.append((place.relative_to(folder).as_posix(), checkout))
        place.mkdir(parents=True)
        (place / first_command.TIMES).write_text("{}", encoding="utf-8")

    monkeypatch.setattr(first_command, "once", once)
    monkeypatch.setattr(first_command, "load", lambda folder: Session())
    first_command.main([*words, "--save", str(folder)])
    return places


def test_a_session_goes_on_where_it_was_interrupted(monkeypatch, tmp_path):
    here, there = first_command.HERE, tmp_path / "there"
    words = ["--against", str(there), "--against-repeats", "1", "--pairs", "1"]
    first = steps_run(monkeypatch, tmp_path, ["--repeats", "1", *words])
    assert sorted(first) == [
        ("other-00", there),
        ("pair-00/a", here),
        ("pair-00/b", here),
        ("quiet-00", here),
    ]
    assert steps_run(monkeypatch, tmp_path, ["--repeats", "2", *words]) == [("quiet-01", here)]


@pytest.mark.slow
def test_a_run_is_kept_and_judged_again_without_running(tmp_path, capsys, monkeypatch, interpreter):
    monkeypatch.setattr("sys.executable", interpreter)
    words = [
        "--repeats",
        "1",
        "--command=-m se,eca --channels 16 --res 14 --counters none --time-budget 1s --quality quick",
    ]
    first_command.main([*words, "--save", str(tmp_path)])
    printed = capsys.readouterr().out
    times = json.loads((tmp_path / "quiet-00" / first_command.TIMES).read_text(encoding="utf-8"))
    assert 0 < times["counted"] < times["wall"]
    first_command.main(["--load", str(tmp_path)])
    assert capsys.readouterr().out == printed


def test_a_command_that_fails_says_why(tmp_path, capsys, monkeypatch, interpreter):
    monkeypatch.setattr("sys.executable", interpreter)
    words = ["--repeats", "1", "--command=-m nosuchmodule", "--save", str(tmp_path)]
    assert first_command.main(words) == first_command.FAILED
    assert "nosuchmodule" in capsys.readouterr().err
